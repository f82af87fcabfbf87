import { MillraceError } from './errors.ts';
import { errorFromPeer } from './frame-exchange.ts';
import type { Message } from './message-table.ts';

/** A request that is sent again until it is answered. */
export interface Request {
  /** The message as it should be sent now; waits in it may have grown shorter. */
  readonly build: (requestId: number) => Message;
  /** When to stop resending, on the monotonic clock, and the error that then says so. */
  readonly giveUpAtMs: number;
  readonly giveUp: () => MillraceError;
}

interface Pending extends Request {
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: MillraceError) => void;
}

/** Request id ↔ the promise of its answer. Ids are never used twice in a session. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  get count(): number {
    return this.#pending.size;
  }

  /** Registers a request. The caller sends `message`. */
  open(request: Request): { readonly id: number; readonly reply: Promise<Message> } {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = new Promise<Message>((resolve, reject) => {
      this.#pending.set(id, { ...request, resolve, reject });
    });
    return { id, reply };
  }

  /**
   * Takes a message of the peer. Returns the message to send in turn, when the
   * peer invites a parked request to come again.
   */
  take(message: Message): Message | undefined {
    const id = 'requestId' in message ? message.requestId : 0;
    const pending = this.#pending.get(id);
    if (pending === undefined || message.verb === 'parked') {
      return undefined;
    }
    if (message.verb === 'room') {
      return pending.build(id);
    }
    this.#pending.delete(id);
    if (message.verb === 'error') {
      pending.reject(errorFromPeer(message));
    } else {
      pending.resolve(message);
    }
    return undefined;
  }

  /** Whether an answer to this id is still awaited. */
  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Every unanswered request as it should be sent now, oldest first. */
  *unanswered(): Iterable<Message> {
    for (const [id, pending] of this.#pending) {
      yield pending.build(id);
    }
  }

  /** Ends the requests whose time is up. */
  giveUp(nowMs: number): void {
    for (const [id, pending] of this.#pending) {
      if (pending.giveUpAtMs <= nowMs) {
        this.#pending.delete(id);
        pending.reject(pending.giveUp());
      }
    }
  }

  failAll(error: MillraceError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of all) {
      pending.reject(new MillraceError(error.code, error.message, { cause: error }));
    }
  }
}
