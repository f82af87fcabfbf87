import { decodeFrame } from '../messages/frame.ts';
import {
  type Message,
  type MessageNamed,
  type VerbName,
  verbs,
} from '../messages/message-table.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { tuning } from '../runtime/tuning.ts';
import { clip, codeOf, MillraceError, messageOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { type ConversationState, nextState } from './conversation.ts';
import { errorFromPeer } from './frame-exchange.ts';
import { Heartbeat, type HeartbeatTimes } from './heartbeat.ts';
import { Outbox } from './outbox.ts';
import { PartAssembly } from './parts.ts';
import type { Transport } from './transport.ts';

export type PeerReport = NonNullable<MessageNamed<'pong'>['report']>;

export interface ConnectionOptions {
  readonly transport: Transport;
  /** This end of the connection; each end may send verbs that the other may not. */
  readonly side: 'dialler' | 'manager';
  readonly clock: Clock;
  readonly heartbeat: HeartbeatTimes;
  /** The largest message that may arrive in parts. */
  readonly messageMaxBytes: number;
  /** Bytes waiting to be sent beyond which the connection ends with SLOW_READER; infinite for a dialler. */
  readonly outboundMaxBytes: number;
  /** The report that this end sends in each PONG. */
  readonly report?: () => PeerReport;
}

export interface ConnectionEvents {
  /** The messages of one frame, in order; heartbeats and parts are already handled. */
  messages(messages: readonly Message[]): void;
  /** The connection is no longer congested. */
  drained?(): void;
  /** Called once. `error.code` says why; nothing can be sent any more. */
  closed(error: MillraceError): void;
}

/** Signs of life of the peer. */
export interface PeerPulse {
  readonly heardAtMs: number;
  readonly roundTripMs: number | undefined;
  readonly report: PeerReport | undefined;
}

const isFarewell = ({ verb }: Message): boolean => verb === 'goodbye' || verb === 'goodbyeAck';

/** @throws MALFORMED_FRAME unless the frame, which arrived in parts, holds one message that is no part */
const onlyMessageOf = (frame: Uint8Array): Message => {
  const [message, ...more] = decodeFrame(frame);
  if (message === undefined || more.length > 0 || message.verb === 'part') {
    throw new MillraceError('MALFORMED_FRAME', 'parts must hold one message, and no parts');
  }
  return message;
};

/**
 * An authenticated connection, the same class at both ends. It sends the messages of a turn
 * together and large ones in parts, keeps the heartbeat and the state of the conversation,
 * and ends once.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #outbox = new Outbox();
  readonly #toTransport = (frame: Uint8Array): void => this.#options.transport.send(frame);
  readonly #transportBytes = (): number => this.#options.transport.waitingBytes;
  readonly #parts: PartAssembly;
  readonly #heartbeat: Heartbeat;
  #state: ConversationState = 'authenticated';
  #ended = false;
  #flushing = false;
  #isCongested = false;
  #heldBack = false;
  /** GOODBYE and its answer, which must not overtake a message in parts. */
  #lastWords: Message[] = [];
  #stopFlushSoon: Cancel | undefined;
  #stopHeartbeat: Cancel = () => {};
  #stopCutOff: Cancel = () => {};
  #roundTripMs: number | undefined;
  #report: PeerReport | undefined;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#parts = new PartAssembly(options.messageMaxBytes);
    this.#heartbeat = new Heartbeat(options.heartbeat, options.clock.monotonicMs());
    options.transport.listen({
      frame: (frame) => this.#frame(frame),
      drained: () => this.#drained(),
      closed: (reason) => {
        this.#stopCutOff();
        this.#end(new MillraceError('CONNECTION_LOST', reason));
      },
    });
    if (!this.#ended) {
      this.#beat();
    }
  }

  get isClosed(): boolean {
    return this.#ended;
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** Whether so many bytes wait here that a sender should hold back messages that can wait. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** Bytes that wait here to be sent. A sender that checks them can avoid SLOW_READER. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  /** Whether a message has arrived in part. */
  get isBetweenParts(): boolean {
    return this.#parts.isBetween;
  }

  get remoteAddress(): string {
    return this.#options.transport.remoteAddress;
  }

  get pulse(): PeerPulse {
    return {
      heardAtMs: this.#heartbeat.heardAtMs,
      roundTripMs: this.#roundTripMs,
      report: this.#report,
    };
  }

  /** Sends at the end of this turn at the latest, together with the other messages of the turn. */
  send(message: Message): void {
    if (this.#ended || this.#state === 'closed') {
      return;
    }
    if (this.#outbox.hasLarge && isFarewell(message)) {
      this.#lastWords.push(message);
      return;
    }
    this.#post(message);
    this.#boundOutbox();
  }

  /** Like `send`, but flushes at once; used for an idle worker's grants. */
  sendNow(message: Message): void {
    if (this.#ended || this.#state === 'closed') {
      return;
    }
    this.#put(message);
    this.#flush();
    this.#boundOutbox();
  }

  /**
   * Like `send`, for a message that no reader waits for: it leaves with the next one, or
   * soon. Waking a peer costs more than a slightly longer frame.
   */
  sendSoon(message: Message): void {
    if (this.#ended || this.#state === 'closed') {
      return;
    }
    this.#put(message);
    if (!this.#flushing) {
      this.#stopFlushSoon ??= this.#options.clock.after(tuning.sendSoonMs, () => this.#flush());
    }
    this.#boundOutbox();
  }

  #boundOutbox(): void {
    this.#isCongested ||= this.#outbox.waitingBytes > tuning.congestedBytes;
    if (this.#outbox.waitingBytes > this.#options.outboundMaxBytes) {
      this.fail(
        new MillraceError(
          'SLOW_READER',
          `${this.#outbox.waitingBytes} bytes wait for ${this.remoteAddress}, which does not read`,
        ),
      );
    }
  }

  /** Asks the peer for a PONG, and so for its report, even when it is not silent. */
  ping(): void {
    this.send({ verb: 'ping', stampMs: this.#options.clock.monotonicMs() });
  }

  /**
   * Holds back the peer's messages, or lets them come again. A peer that is held back
   * cannot be heard, and does not count as dead.
   */
  holdBack(hold: boolean): void {
    this.#heldBack = hold;
    if (hold) {
      this.#options.transport.pause();
    } else {
      this.#heartbeat.heard(this.#options.clock.monotonicMs());
      this.#options.transport.resume();
    }
  }

  /** Tells the peer what is wrong and ends the connection. */
  fail(error: MillraceError): void {
    if (this.#ended) {
      return;
    }
    const message = clip(error.message, limits.errorMessageMaxBytes);
    this.#outbox.add({ verb: 'error', requestId: 0, code: error.code, message });
    this.#flush();
    this.#end(error);
    this.#closeTransport();
  }

  /** Ends the connection after a last flush. Messages that the transport has no room for are dropped. */
  close(reason: string): void {
    this.#flush();
    this.#end(new MillraceError('CONNECTION_LOST', reason));
    this.#closeTransport();
  }

  #post(message: Message): void {
    this.#put(message);
    this.#flushAtEndOfTurn();
  }

  #put(message: Message): void {
    this.#move(message.verb);
    this.#outbox.add(message);
    // A full frame of the manager leaves at once, so that its reader need not wait for the
    // rest of the turn. A dialler's frames wait for the end of the turn: a receipt must not
    // leave before the code after `await get()` has run.
    if (this.#outbox.hasClosed && this.#options.side === 'manager') {
      this.#outbox.flushClosed(this.#toTransport, this.#transportBytes);
    }
  }

  #frame(frame: Uint8Array): void {
    // Two GOODBYEs may cross; the second GOODBYE_ACK then arrives after the end.
    if (this.#ended || this.#state === 'closed') {
      return;
    }
    this.#heartbeat.heard(this.#options.clock.monotonicMs());
    try {
      if (frame.length > limits.frameMaxBytes) {
        throw new MillraceError('MALFORMED_FRAME', `a frame of ${frame.length} bytes`);
      }
      this.#take(decodeFrame(frame));
    } catch (error) {
      const code = codeOf(error) ?? 'INTERNAL';
      this.fail(new MillraceError(code, messageOf(error), { cause: error }));
    }
  }

  /** If one message of a frame is refused, none of them is handed on. */
  #take(messages: readonly Message[]): void {
    const wanted = messages.flatMap((message) => this.#wantedOf(message));
    if (wanted.length > 0 && !this.#ended) {
      this.#events.messages(wanted);
    }
  }

  /** The messages that the owner receives for this one: itself, none, or the one that it completes. */
  #wantedOf(message: Message): readonly Message[] {
    this.#requireSender(message.verb);
    this.#move(message.verb);
    if (message.verb === 'part') {
      const whole = this.#completedBy(message);
      return whole === undefined ? [] : this.#wantedOf(whole);
    }
    return this.#isHandledHere(message) ? [] : [message];
  }

  #isHandledHere(message: Message): boolean {
    switch (message.verb) {
      case 'ping': {
        const report = this.#options.report?.();
        this.send({ verb: 'pong', stampMs: message.stampMs, report });
        this.#askBack();
        return true;
      }
      case 'pong':
        this.#roundTripMs = this.#options.clock.monotonicMs() - message.stampMs;
        this.#report = message.report ?? this.#report;
        return true;
      case 'partAck':
        this.#outbox.acknowledge(message.received);
        this.#flushAtEndOfTurn();
        return true;
      case 'error':
        return this.#isConnectionError(message);
      default:
        return false;
    }
  }

  /** A manager asks in return. If both ends did, questions would never end. */
  #askBack(): void {
    if (this.#options.side === 'manager' && !this.#ended) {
      this.#heartbeat.asked(this.#options.clock.monotonicMs());
      this.#stopHeartbeat();
      this.#beat();
    }
  }

  #move(verb: VerbName): void {
    this.#state = nextState(this.#state, verb);
    if (this.#state === 'closed') {
      this.#farewell();
    }
  }

  /** Both sides have said goodbye. */
  #farewell(): void {
    this.#options.clock.endOfTurn(() => {
      this.#flush();
      this.#end(new MillraceError('CONNECTION_LOST', 'both sides said goodbye'));
      this.#closeTransport();
    });
  }

  /** Closes the transport, and cuts it off after `farewellMaxMs` if the peer does not close its end. */
  #closeTransport(): void {
    const { clock, transport } = this.#options;
    transport.close();
    this.#stopCutOff();
    this.#stopCutOff = clock.after(limits.farewellMaxMs, () => transport.terminate());
  }

  #requireSender(name: VerbName): void {
    const { from } = verbs[name];
    if (from === this.#options.side) {
      throw new MillraceError('UNEXPECTED_MESSAGE', `${name} is not for the ${from} to receive`);
    }
  }

  /** The message that this part completes; undefined unless it is the last part. */
  #completedBy(part: MessageNamed<'part'>): Message | undefined {
    const frame = this.#parts.add(part);
    this.send({ verb: 'partAck', received: this.#parts.received });
    return frame === undefined ? undefined : onlyMessageOf(frame);
  }

  #isConnectionError(message: MessageNamed<'error'>): boolean {
    if (message.requestId !== 0) {
      return false;
    }
    this.#end(errorFromPeer(message));
    this.#closeTransport();
    return true;
  }

  #flushAtEndOfTurn(): void {
    if (!this.#flushing) {
      this.#flushing = true;
      this.#options.clock.endOfTurn(() => this.#flush());
    }
  }

  #flush(): void {
    this.#flushing = false;
    this.#stopFlushSoon?.();
    this.#stopFlushSoon = undefined;
    if (!this.#ended) {
      this.#outbox.flush(this.#toTransport, this.#transportBytes);
      this.#sayLastWords();
      this.#easeCongestion();
    }
  }

  /** The transport has room again. Messages whose flush is already scheduled wait for that. */
  #drained(): void {
    if (!this.#flushing && this.#stopFlushSoon === undefined) {
      this.#flush();
    }
  }

  #easeCongestion(): void {
    if (this.#isCongested && this.#outbox.waitingBytes < tuning.congestedBytes / 2) {
      this.#isCongested = false;
      this.#events.drained?.();
    }
  }

  #sayLastWords(): void {
    if (this.#lastWords.length > 0 && !this.#outbox.hasLarge) {
      for (const message of this.#lastWords.splice(0)) {
        // Once an answer to the peer's GOODBYE has closed the conversation, our own is not needed.
        if (this.#state !== 'closed') {
          this.#post(message);
        }
      }
    }
  }

  #beat(): void {
    const { clock } = this.#options;
    const step = this.#heartbeat.step(clock.monotonicMs());
    if (step.act === 'dead' && this.#heldBack) {
      this.#heartbeat.heard(clock.monotonicMs());
      this.#beat();
      return;
    }
    if (step.act === 'dead') {
      this.#end(new MillraceError('PEER_DEAD', `${this.remoteAddress} does not answer heartbeats`));
      this.#options.transport.terminate();
      return;
    }
    if (step.act === 'ping') {
      this.ping();
    }
    this.#stopHeartbeat = clock.after(step.forMs, () => this.#beat());
  }

  #end(error: MillraceError): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#stopFlushSoon?.();
    this.#stopHeartbeat();
    this.#events.closed(error);
  }
}
