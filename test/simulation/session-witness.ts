import type { BrokerOptions } from '@millrace/manager/internals';
import { decodeFrame, IDLE_REASON, limits, type Message, type Token } from '@millrace/protocol';
import type { WireWatch } from './sim-wire.ts';
import type { World } from './world.ts';

/** A message leaves at the end of its turn, and other messages may be read in between. */
const TURN_MS = 2.5;
/** Timers and turns are this late at most, on a manager that is not paused. */
const LATE_MS = 100;
/** A manager notes at most once in this time that a peer said something. */
const NOTED_MS = 1_000;
/** Where a cap is reached, a client may be dismissed after this silence. */
const DISMISSIBLE_MS = 2_000;

const keyOf = ({ epoch, grant, taskId }: Token): string => `${taskId}/${epoch}.${grant}`;

const hasRequestId = (message: Message): message is Extract<Message, { requestId: number }> =>
  'requestId' in message && message.requestId > 0;

/** The other end of a connection. */
interface Dialler {
  readonly name: string;
  readonly address: string;
}

/** The session of a client, as the manager must see it. */
class WatchedSession {
  readonly sessionId: string;
  readonly name: string;
  readonly address: string;
  /** Requests that were read and are not answered, and when they were read. */
  readonly requests = new Map<number, number>();
  readonly leases = new Set<string>();
  /** When the first part of an incomplete message was read. */
  partsSinceMs: number | undefined;
  saidAtMs: number;
  wasBusyAtMs: number;
  isDismissed = false;

  constructor(sessionId: string, dialler: Dialler, saidAtMs: number, nowMs: number) {
    this.sessionId = sessionId;
    this.name = dialler.name;
    this.address = dialler.address;
    this.saidAtMs = saidAtMs;
    this.wasBusyAtMs = nowMs;
  }

  /** The last time at which it was not idle, as far as the manager may know. */
  get idleSinceMs(): number {
    return Math.max(this.saidAtMs, this.wasBusyAtMs);
  }

  get isBusy(): boolean {
    return this.requests.size + this.leases.size > 0 || this.partsSinceMs !== undefined;
  }

  /** The reason why this session must not be dismissed at this time. */
  occupation(nowMs: number): string | undefined {
    const isOld = (sinceMs: number): boolean => nowMs - sinceMs > TURN_MS;
    if (this.leases.size > 0) {
      return 'it holds a lease';
    }
    if ([...this.requests.values()].some(isOld)) {
      return 'its request is not answered';
    }
    return this.partsSinceMs !== undefined && isOld(this.partsSinceMs)
      ? 'its message arrives in parts'
      : undefined;
  }
}

/** One connection of a client, with the session that it took up. */
class WatchedWire implements WireWatch {
  readonly #witness: SessionWitness;
  readonly #dialler: Dialler;
  readonly #parts: Uint8Array[] = [];
  #isClient = true;
  /** When it asked for its session, and the tokens that it presented. */
  #askedAtMs = 0;
  #presented: readonly Token[] = [];
  #session: WatchedSession | undefined;

  constructor(witness: SessionWitness, dialler: Dialler) {
    this.#witness = witness;
    this.#dialler = dialler;
  }

  read(frame: Uint8Array): void {
    for (const message of this.#isClient ? this.#wholeOf(frame) : []) {
      this.#heard(message);
    }
  }

  sent(frame: Uint8Array): void {
    for (const message of this.#isClient ? decodeFrame(frame) : []) {
      this.#told(message);
    }
  }

  ended(): void {
    this.#witness.left(this.#session);
    this.#session = undefined;
  }

  /** The messages of a frame, with the message that a part in the frame completes. */
  #wholeOf(frame: Uint8Array): Message[] {
    return decodeFrame(frame).flatMap((message) => {
      if (message.verb !== 'part') {
        return [message];
      }
      this.#parts.push(message.bytes);
      if (this.#session !== undefined) {
        this.#session.partsSinceMs ??= this.#witness.nowMs;
      }
      return message.last ? decodeFrame(Buffer.concat(this.#parts.splice(0))) : [];
    });
  }

  #heard(message: Message): void {
    if (message.verb === 'hello') {
      this.#isClient = message.role === 'client';
    } else if (message.verb === 'open' || message.verb === 'resume') {
      this.#askedAtMs = this.#witness.nowMs;
      this.#presented = message.verb === 'resume' ? message.tokens : [];
    }
    const session = this.#session;
    if (session === undefined || ['ping', 'pong', 'partAck'].includes(message.verb)) {
      return;
    }
    this.#witness.said(session);
    if (message.verb === 'goodbye') {
      this.#witness.forget(session);
      return;
    }
    this.#witness.change(session, () => {
      session.partsSinceMs = undefined;
      if (message.verb === 'withdraw') {
        session.requests.delete(message.requestId);
      } else if (hasRequestId(message)) {
        session.requests.set(message.requestId, this.#witness.nowMs);
      }
      for (const token of message.verb === 'settle' ? message.results : []) {
        session.leases.delete(keyOf(token));
      }
    });
  }

  #told(message: Message): void {
    const session = this.#session;
    if (message.verb === 'session') {
      const lost = new Set(message.lost.map(keyOf));
      const { nowMs } = this.#witness;
      const entered = new WatchedSession(message.sessionId, this.#dialler, this.#askedAtMs, nowMs);
      for (const token of this.#presented.map(keyOf).filter((key) => !lost.has(key))) {
        entered.leases.add(token);
      }
      this.#witness.entered(entered);
      this.#session = entered;
    } else if (message.verb === 'error' && message.code === 'TOO_MANY_CONNECTIONS') {
      this.#witness.refused(this.#dialler);
    } else if (session !== undefined && message.verb === 'goodbye') {
      this.#witness.dismissed(session, message.reason);
    } else if (session !== undefined && hasRequestId(message)) {
      this.#witness.change(session, () => {
        if (message.verb === 'item') {
          session.leases.add(keyOf(message));
        }
        if (message.verb !== 'parked' && message.verb !== 'room') {
          session.requests.delete(message.requestId);
        }
      });
    }
  }
}

/**
 * Reads the frames between a manager and its clients. It complains when the manager dismisses a
 * client that has something open, or keeps an idle client for too long.
 */
export class SessionWitness {
  readonly breaches: string[] = [];
  readonly #world: World;
  readonly #idleMs: number;
  readonly #notedMs: number;
  /** Whether clients compete for places, and whether only those of one address do. */
  readonly #isCapped: boolean;
  readonly #isCappedByAddress: boolean;
  readonly #present = new Map<string, WatchedSession>();

  /** @param bounds the bounds of the manager on sessions */
  constructor(world: World, bounds: NonNullable<BrokerOptions['presence']>) {
    const { idleSessionMs = limits.idleSessionMs, ...caps } = bounds;
    this.#world = world;
    this.#idleMs = idleSessionMs;
    this.#notedMs = Math.min(NOTED_MS, idleSessionMs / 10);
    this.#isCapped = Object.keys(caps).length > 0;
    this.#isCappedByAddress = caps.sessionsPerAddressMax !== undefined;
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** A connection was accepted. */
  watch(dialler: Dialler): WireWatch {
    return new WatchedWire(this, dialler);
  }

  entered(session: WatchedSession): void {
    // RESUME only continues a session that was present, and is no request.
    session.saidAtMs = this.#present.get(session.sessionId)?.saidAtMs ?? session.saidAtMs;
    this.#present.set(session.sessionId, session);
  }

  left(session: WatchedSession | undefined): void {
    if (session !== undefined) {
      this.#requireDismissal(session);
      this.forget(session);
    }
  }

  said(session: WatchedSession): void {
    this.#requireDismissal(session);
    session.saidAtMs = this.nowMs;
  }

  /** Makes a change to a session. If the session was busy, its idle time begins now. */
  change(session: WatchedSession, make: () => void): void {
    const wasBusy = session.isBusy;
    make();
    if (wasBusy) {
      session.wasBusyAtMs = this.nowMs;
    }
  }

  dismissed(session: WatchedSession, reason: string): void {
    this.forget(session);
    if (reason !== IDLE_REASON) {
      return;
    }
    const occupation = session.occupation(this.nowMs);
    if (occupation !== undefined) {
      this.#complain(`${session.name} was dismissed, although ${occupation}`);
    }
    const silentMs = this.nowMs - session.saidAtMs;
    const leastMs = this.#isCapped ? Math.min(DISMISSIBLE_MS, this.#idleMs) : this.#idleMs;
    if (silentMs > TURN_MS && silentMs < leastMs - this.#notedMs) {
      this.#complain(`${session.name} was dismissed after a silence of ${Math.round(silentMs)} ms`);
    }
    const preferred = this.#idleSince(session, session.saidAtMs - this.#notedMs - TURN_MS);
    if (silentMs < this.#idleMs - this.#notedMs && preferred !== undefined) {
      this.#complain(
        `${session.name} was dismissed, although ${preferred.name} was idle for longer`,
      );
    }
  }

  /** A peer that has shown the key was refused for lack of a place. */
  refused(dialler: Dialler): void {
    const sinceMs = this.nowMs - DISMISSIBLE_MS - this.#notedMs - LATE_MS;
    const idle = this.#idleSince(dialler, sinceMs);
    if (idle !== undefined) {
      this.#complain(`${dialler.name} was refused, although ${idle.name} was idle`);
    }
  }

  /** A client that competes with this dialler for a place and has been idle since this time. */
  #idleSince({ address }: Dialler, atMs: number): WatchedSession | undefined {
    return [...this.#present.values()].find(
      (other) =>
        (!this.#isCappedByAddress || other.address === address) &&
        !other.isBusy &&
        other.idleSinceMs < atMs,
    );
  }

  /** Complains about a session that is still present although it was idle for too long. */
  #requireDismissal({ idleSinceMs, isBusy, isDismissed, name }: WatchedSession): void {
    const idleMs = this.nowMs - idleSinceMs;
    if (!isDismissed && !isBusy && idleMs > this.#idleMs + LATE_MS) {
      this.#complain(`${name} was not dismissed in ${Math.round(idleMs)} ms without a request`);
    }
  }

  /** The session has left, or was asked to leave. */
  forget(session: WatchedSession): void {
    session.isDismissed = true;
    if (this.#present.get(session.sessionId) === session) {
      this.#present.delete(session.sessionId);
    }
  }

  #complain(breach: string): void {
    this.#world.recorder.tell(() => `BREACH ${breach}`);
    this.breaches.push(breach);
  }
}
