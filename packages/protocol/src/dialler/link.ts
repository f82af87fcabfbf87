import type { PeerLimits, RandomBytes } from '../connection/authenticate.ts';
import { Connection, type PeerReport } from '../connection/connection.ts';
import type { AuthKey } from '../connection/handshake.ts';
import type { Dial } from '../connection/ws-transport.ts';
import { IDLE_REASON } from '../messages/goodbye.ts';
import type { Message, MessageNamed } from '../messages/message-table.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { tuning } from '../runtime/tuning.ts';
import { codeOf, MillraceError, messageOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import type { Role, Token } from '../words/task.ts';
import { dialManager, heartbeatTimesOf, randomFraction } from './dial-manager.ts';
import { hedge } from './hedge.ts';
import { Reconnection } from './reconnection.ts';
import { type Asked, endedBySignal, promiseOf, type Request, Requests } from './requests.ts';

export interface LinkOptions {
  readonly url: string;
  readonly key: AuthKey;
  readonly role: Exclude<Role, 'heartbeat'>;
  readonly peer: { readonly name: string; readonly host: string; readonly pid: number };
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly dial: Dial;
  /** The report that this end sends in each PONG. */
  readonly report?: () => PeerReport;
}

export type SessionMessage = MessageNamed<'session'>;

export interface LinkEvents {
  /** A message that answers no request. */
  message(message: Message): void;
  /** Every token that this peer still holds, for RESUME. */
  unsettledTokens(): Token[];
  /** The session is open, for the first time or again. Tokens in `session.lost` are no longer held. */
  up(session: SessionMessage, limits: PeerLimits): void;
  /** The connection ended; the link is dialling again. */
  down(error: MillraceError): void;
  /** The link has ended: its owner closed it, or an error came that a retry cannot mend. */
  ended(error: MillraceError): void;
}

const closedByItsOwner = (): MillraceError =>
  new MillraceError('CLIENT_CLOSED', 'the client was closed');

const asMillraceError = (error: unknown): MillraceError =>
  error instanceof MillraceError
    ? error
    : new MillraceError(codeOf(error) ?? 'INTERNAL', messageOf(error), { cause: error });

type Phase = 'idle' | 'dialling' | 'opening' | 'open' | 'waiting' | 'parked' | 'leaving' | 'ended';

/**
 * One session across any number of connections: dials, proves the key, opens or
 * resumes the session, sends unanswered requests again, and starts over when the
 * connection ends.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #requests = new Requests((requestId) => this.send({ verb: 'withdraw', requestId }));
  readonly #sendAgain = (message: Message): void => this.send(message);
  #phase: Phase = 'idle';
  /** Whether the manager said goodbye because there is nothing to say. */
  #isDismissed = false;
  #connection: Connection | undefined;
  #session: SessionMessage | undefined;
  #limits: PeerLimits | undefined;
  readonly #reconnection = new Reconnection();
  /** Why no manager is connected; undefined while one is, and before the first failure. */
  #trouble: MillraceError | undefined;
  /** Aborted when the link ends, for a dial in flight. */
  readonly #ending = new AbortController();
  #stopWaiting: Cancel = () => {};
  #stopGivingUp: Cancel = () => {};
  #opened: { resolve(): void; reject(error: MillraceError): void } | undefined;
  #left: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** The error with which the link has ended. */
  #endedBy: MillraceError | undefined;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** The error with which requests are refused; undefined while they are accepted. */
  get refusal(): MillraceError | undefined {
    return this.#phase === 'leaving' ? closedByItsOwner() : this.#endedBy;
  }

  get session(): SessionMessage | undefined {
    return this.#session;
  }

  /** Why no manager is connected; undefined while one is, and before the first failure. */
  get trouble(): MillraceError | undefined {
    return this.#trouble;
  }

  /** The manager's limits; known once the first handshake has passed. */
  get limits(): PeerLimits | undefined {
    return this.#limits;
  }

  /**
   * Connects for the first time. With `patient`, keeps trying while the manager
   * cannot be reached; otherwise the first failure rejects and ends the link.
   *
   * @throws CONNECT_FAILED, AUTH_FAILED, and what the handshake throws
   */
  start(patient: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#endedBy !== undefined) {
        reject(this.#endedBy);
        return;
      }
      this.#opened = { resolve, reject };
      this.#watchRequests();
      this.#connect(patient);
    });
  }

  /** Sends a message that needs no answer; without a connection it is dropped. */
  send(message: Message): void {
    if (this.#phase === 'open' || this.#phase === 'leaving') {
      this.#connection?.send(message);
    }
  }

  /** Sends a request now and after every reconnection until it is answered. */
  ask(asked: Asked): void {
    const { refusal } = this;
    if (refusal !== undefined) {
      asked.failed(new MillraceError(refusal.code, refusal.message, { cause: refusal }));
      return;
    }
    if (endedBySignal(asked)) {
      return;
    }
    const isSent = this.#phase === 'open';
    const id = this.#requests.open(asked, isSent);
    if (isSent) {
      this.#connection?.send(asked.build(id));
    } else if (this.#phase === 'parked') {
      this.#connect(true);
    }
  }

  /** Like `ask`, as a promise of the answer. */
  request(request: Request): Promise<Message> {
    return promiseOf(request, (asked) => this.ask(asked));
  }

  /** Ends at once, without a goodbye; requests and a pending `start` fail with this error. */
  abandon(error: MillraceError): void {
    this.#end(error);
  }

  /** Says goodbye and ends the session; leases still held return at once. A second call waits for the same end. */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    if (this.#phase === 'open' && this.#connection !== undefined) {
      this.#phase = 'leaving';
      this.#connection.send({ verb: 'goodbye', reason });
      await new Promise<void>((resolve) => {
        const stop = this.#options.clock.after(limits.goodbyeMaxMs, resolve);
        this.#left = () => {
          stop();
          resolve();
        };
      });
    }
    this.#end(closedByItsOwner());
  }

  #connect(patient: boolean): void {
    this.#phase = 'dialling';
    this.#dial(patient).catch((error: unknown) => {
      this.#lost(asMillraceError(error), patient);
    });
  }

  async #dial(patient: boolean): Promise<void> {
    const { clock, report } = this.#options;
    const dial = () => dialManager(this.#options, this.#ending.signal);
    const { limits: peerLimits, transport } = await hedge(dial, {
      clock,
      everyMs: limits.resumeHedgeMs,
      forMs: this.#reconnection.graceLeftMs(clock.monotonicMs(), this.#graceMs()),
      discard: (late) => late.transport.terminate(),
    });
    this.#limits = peerLimits;
    if (this.#phase === 'ended') {
      transport.terminate();
      return;
    }
    this.#phase = 'opening';
    this.#connection = new Connection(
      {
        transport,
        side: 'dialler',
        clock,
        heartbeat: heartbeatTimesOf(peerLimits),
        messageMaxBytes: peerLimits.messageMaxBytes,
        outboundMaxBytes: Number.POSITIVE_INFINITY,
        ...(report === undefined ? {} : { report }),
      },
      {
        messages: (messages) => this.#messages(messages, peerLimits),
        closed: (error) => this.#lost(error, patient || this.#session !== undefined),
      },
    );
    this.#connection.send(this.#opening());
  }

  #opening(): Message {
    const { peer } = this.#options;
    if (this.#session === undefined) {
      return { verb: 'open', peer };
    }
    const { sessionId, ticket } = this.#session;
    return { verb: 'resume', sessionId, ticket, tokens: this.#events.unsettledTokens(), peer };
  }

  #messages(messages: readonly Message[], peerLimits: PeerLimits): void {
    for (const message of messages) {
      if (message.verb === 'session') {
        this.#up(message, peerLimits);
      } else if (message.verb === 'goodbye') {
        this.#isDismissed = message.reason === IDLE_REASON && this.#phase === 'open';
        this.#connection?.send({ verb: 'goodbyeAck' });
      } else if (!this.#requests.take(message, this.#sendAgain)) {
        this.#events.message(message);
      }
    }
  }

  #up(session: SessionMessage, peerLimits: PeerLimits): void {
    // The ticket is kept for good; as a view it would keep its frame alive.
    this.#session = { ...session, ticket: Uint8Array.from(session.ticket) };
    this.#phase = 'open';
    this.#reconnection.up();
    this.#trouble = undefined;
    // Requests are collected before `up`: those that `up` makes are sent at once, and must not
    // be sent twice.
    const unanswered = [...this.#requests.unanswered()];
    this.#events.up(session, peerLimits);
    for (const message of unanswered) {
      this.#connection?.send(message);
    }
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  #lost(error: MillraceError, patient: boolean): void {
    this.#connection = undefined;
    if (this.#phase === 'ended') {
      return;
    }
    if (this.#phase === 'leaving') {
      this.#left?.();
      return;
    }
    if (this.#isDismissed) {
      this.#park();
      return;
    }
    if (!error.retry || !patient) {
      this.#end(error);
      return;
    }
    this.#phase = 'waiting';
    this.#trouble = error;
    this.#events.down(error);
    this.#stopWaiting = this.#options.clock.after(this.#redialMs(), () => this.#connect(true));
  }

  /** The manager asked this end to leave until it has something to say, which it may have by now. */
  #park(): void {
    this.#isDismissed = false;
    this.#phase = 'parked';
    if (this.#requests.count > 0) {
      this.#connect(true);
    }
  }

  #redialMs(): number {
    const { clock, randomBytes } = this.#options;
    const random = randomFraction(randomBytes);
    return this.#reconnection.delayMs(clock.monotonicMs(), this.#graceMs(), random);
  }

  /** Only a session that holds leases has anything to lose within its grace. */
  #graceMs(): number {
    const hasLeases = this.#events.unsettledTokens().length > 0;
    return hasLeases ? (this.#session?.graceMs ?? 0) : 0;
  }

  #watchRequests(): void {
    this.#stopGivingUp = this.#options.clock.after(tuning.giveUpTickMs, () => {
      this.#giveUp();
      this.#watchRequests();
    });
  }

  /** A connected manager ends waits itself, so the link gives it `answerSlackMs` more. */
  #giveUp(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const slackMs = this.#phase === 'open' ? limits.answerSlackMs : 0;
    this.#requests.giveUp(nowMs, slackMs, this.#trouble);
  }

  #end(error: MillraceError): void {
    if (this.#phase === 'ended') {
      return;
    }
    this.#phase = 'ended';
    this.#endedBy = error;
    this.#stopWaiting();
    this.#stopGivingUp();
    this.#ending.abort();
    this.#left?.();
    this.#connection?.close(error.message);
    this.#connection = undefined;
    this.#requests.failAll(error);
    this.#opened?.reject(error);
    this.#opened = undefined;
    this.#events.ended(error);
  }
}
