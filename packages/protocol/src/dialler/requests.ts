import { errorFromPeer } from '../connection/frame-exchange.ts';
import type { Message } from '../messages/message-table.ts';
import { TurnoverMap } from '../runtime/turnover-map.ts';
import { MillraceError } from '../words/errors.ts';
import type { Abandonment } from './abandonment.ts';

/** A request that is sent again until it is answered. */
export interface Request {
  /** The message to send now; its waits are reduced by the time that has passed. */
  build(requestId: number): Message;
  /** When to stop resending, on the monotonic clock. `giveUp` makes the error for that. */
  readonly giveUpAtMs: number;
  giveUp(end: Abandonment): MillraceError;
  /** Ends the request when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Whether this end alone ends the wait: the manager answers at once, so nothing is added to its time. */
  readonly isAnsweredAtOnce?: boolean;
  /** The manager has parked the request and will answer later. */
  parked?(): void;
}

/** A request with callbacks for its end; one of the two is called, once. */
export interface Asked extends Request {
  answered(reply: Message): void;
  failed(error: MillraceError): void;
}

/** A request as a promise of its answer. */
export const promiseOf = (request: Request, ask: (asked: Asked) => void): Promise<Message> =>
  new Promise((answered, failed) => {
    const { giveUpAtMs, isAnsweredAtOnce = false, signal } = request;
    ask({
      build: (requestId) => request.build(requestId),
      giveUpAtMs,
      giveUp: (end) => request.giveUp(end),
      signal,
      isAnsweredAtOnce,
      answered,
      failed,
    });
  });

/** Ends a request whose signal was aborted before it was sent; returns whether it did. */
export const endedBySignal = (asked: Asked): boolean => {
  const { signal } = asked;
  if (signal?.aborted !== true) {
    return false;
  }
  asked.failed(asked.giveUp({ wasSent: false, isAborted: true, cause: signal.reason }));
  return true;
};

/** Unanswered requests by their ids. An id is never used twice in a session. */
export class Requests {
  readonly #pending = new TurnoverMap<number, Asked>();
  /** Requests that no connection was given yet. */
  readonly #unsent = new Set<number>();
  /** The signals of those requests that have one. */
  readonly #signals = new Map<number, AbortSignal>();
  /** One listener for all requests that share a signal: Node warns about more than ten. */
  readonly #aborts = new Map<
    AbortSignal,
    { readonly ids: Set<number>; readonly unlisten: () => void }
  >();
  readonly #withdraw: (requestId: number) => void;
  #lastId = 0;

  /** @param withdraw tells the peer that a request which was sent is no longer waited for */
  constructor(withdraw: (requestId: number) => void = () => {}) {
    this.#withdraw = withdraw;
  }

  get count(): number {
    return this.#pending.size;
  }

  /**
   * Registers a request under the id that it returns. The caller sends it.
   *
   * @param isSent whether the caller sends it now; otherwise `unanswered` gives it out
   */
  open(asked: Asked, isSent = true): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#pending.set(id, asked);
    if (!isSent) {
      this.#unsent.add(id);
    }
    if (asked.signal !== undefined) {
      this.#listen(id, asked.signal);
    }
    return id;
  }

  /**
   * Takes a message of the peer; returns whether it belongs to a request.
   *
   * @param send sends a parked request again, when the peer has room for it
   */
  take(message: Message, send: (message: Message) => void): boolean {
    const id = 'requestId' in message ? message.requestId : 0;
    const asked = this.#pending.get(id);
    if (asked === undefined) {
      return false;
    }
    if (message.verb === 'room') {
      send(asked.build(id));
    } else if (message.verb === 'parked') {
      asked.parked?.();
    } else {
      this.#remove(id);
      if (message.verb === 'error') {
        asked.failed(errorFromPeer(message));
      } else {
        asked.answered(message);
      }
    }
    return true;
  }

  /** Every unanswered request as it must be sent now, oldest first. All count as sent from now on. */
  *unanswered(): Iterable<Message> {
    this.#unsent.clear();
    for (const [id, asked] of this.#pending.entries()) {
      yield asked.build(id);
    }
  }

  /**
   * Ends the requests whose time is up, and withdraws those that were sent; returns their ids.
   *
   * @param slackMs time that is added for those that the manager ends by itself
   * @param cause why no manager is connected; undefined if one is
   */
  giveUp(nowMs: number, slackMs = 0, cause?: MillraceError): number[] {
    const ended: number[] = [];
    for (const [id, asked] of this.#pending.entries()) {
      if (asked.giveUpAtMs + (asked.isAnsweredAtOnce === true ? 0 : slackMs) <= nowMs) {
        ended.push(id);
        this.#abandon(id, asked, { isAborted: false, cause });
      }
    }
    return ended;
  }

  failAll(error: MillraceError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    this.#unsent.clear();
    for (const { unlisten } of this.#aborts.values()) {
      unlisten();
    }
    this.#aborts.clear();
    this.#signals.clear();
    for (const asked of all) {
      asked.failed(new MillraceError(error.code, error.message, { cause: error }));
    }
  }

  #listen(id: number, signal: AbortSignal): void {
    this.#signals.set(id, signal);
    const ids = this.#aborts.get(signal)?.ids;
    if (ids !== undefined) {
      ids.add(id);
      return;
    }
    const abort = (): void => this.#abort(signal);
    signal.addEventListener('abort', abort);
    const unlisten = (): void => signal.removeEventListener('abort', abort);
    this.#aborts.set(signal, { ids: new Set([id]), unlisten });
  }

  #unlisten(id: number): void {
    const signal = this.#signals.get(id);
    const shared = signal && this.#aborts.get(signal);
    if (signal === undefined || shared === undefined) {
      return;
    }
    this.#signals.delete(id);
    shared.ids.delete(id);
    if (shared.ids.size === 0) {
      shared.unlisten();
      this.#aborts.delete(signal);
    }
  }

  #abort(signal: AbortSignal): void {
    for (const id of this.#aborts.get(signal)?.ids ?? []) {
      const asked = this.#pending.get(id);
      if (asked !== undefined) {
        this.#abandon(id, asked, { isAborted: true, cause: signal.reason });
      }
    }
  }

  #abandon(id: number, asked: Asked, why: Omit<Abandonment, 'wasSent'>): void {
    const wasSent = !this.#unsent.has(id);
    this.#remove(id);
    asked.failed(asked.giveUp({ wasSent, ...why }));
    if (wasSent) {
      this.#withdraw(id);
    }
  }

  #remove(id: number): void {
    this.#pending.delete(id);
    // Most requests have no signal, and are sent at once.
    if (this.#unsent.size > 0) {
      this.#unsent.delete(id);
    }
    if (this.#signals.size > 0) {
      this.#unlisten(id);
    }
  }
}
