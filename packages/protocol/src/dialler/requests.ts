import { errorFromPeer } from '../connection/frame-exchange.ts';
import type { Message } from '../messages/message-table.ts';
import { TurnoverMap } from '../runtime/turnover-map.ts';
import { MillraceError } from '../words/errors.ts';

/** A request that is sent again until it is answered. */
export interface Request {
  /** The message to send now; its waits are reduced by the time that has passed. */
  build(requestId: number): Message;
  /** When to stop resending, on the monotonic clock. `giveUp` makes the error for that. */
  readonly giveUpAtMs: number;
  giveUp(): MillraceError;
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
    const { giveUpAtMs } = request;
    ask({
      build: (requestId) => request.build(requestId),
      giveUpAtMs,
      giveUp: () => request.giveUp(),
      answered,
      failed,
    });
  });

/** Unanswered requests by their ids. An id is never used twice in a session. */
export class Requests {
  readonly #pending = new TurnoverMap<number, Asked>();
  #lastId = 0;

  get count(): number {
    return this.#pending.size;
  }

  /** Registers a request under the id that it returns. The caller sends it. */
  open(asked: Asked): number {
    this.#lastId += 1;
    this.#pending.set(this.#lastId, asked);
    return this.#lastId;
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
      this.#pending.delete(id);
      if (message.verb === 'error') {
        asked.failed(errorFromPeer(message));
      } else {
        asked.answered(message);
      }
    }
    return true;
  }

  /** Every unanswered request as it must be sent now, oldest first. */
  *unanswered(): Iterable<Message> {
    for (const [id, asked] of this.#pending.entries()) {
      yield asked.build(id);
    }
  }

  /** Ends the requests whose time is up; returns their ids. */
  giveUp(nowMs: number): number[] {
    const ended: number[] = [];
    for (const [id, asked] of this.#pending.entries()) {
      if (asked.giveUpAtMs <= nowMs) {
        ended.push(id);
        this.#pending.delete(id);
        asked.failed(asked.giveUp());
      }
    }
    return ended;
  }

  failAll(error: MillraceError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const asked of all) {
      asked.failed(new MillraceError(error.code, error.message, { cause: error }));
    }
  }
}
