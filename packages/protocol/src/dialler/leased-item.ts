import { MillraceError } from '../words/errors.ts';
import type { CallOptions } from './abandonment.ts';
import { isUnanswered, settleItems, type Taken, type TakingPort } from './take-items.ts';

/** An item leased to this peer. It returns to its queue unless it is acknowledged. */
export interface LeasedItem<T> {
  readonly value: T;
  /**
   * Removes the item for good.
   *
   * @throws LEASE_LOST when the item was granted to another peer meanwhile; NOT_SENT or
   *   UNKNOWN without an answer in time: the item stays leased, and `ack` can be called again
   */
  ack(options?: CallOptions): Promise<void>;
  /** Returns the item to its queue; does nothing after `ack`. */
  release(options?: CallOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type AnyLeased = LeasedItem<unknown>;

/** The leased items of a peer that are neither acknowledged nor released, by queue. */
export class Leases {
  readonly #byQueue = new Map<string, Set<AnyLeased>>();

  add(queue: string, item: AnyLeased): void {
    const others = this.#byQueue.get(queue) ?? new Set();
    this.#byQueue.set(queue, others.add(item));
  }

  remove(queue: string, item: AnyLeased): void {
    const others = this.#byQueue.get(queue);
    if (others?.delete(item) && others.size === 0) {
      this.#byQueue.delete(queue);
    }
  }

  /**
   * The item that `taskDone` means: the given one, or else the only one.
   *
   * @throws NOT_LEASED
   */
  meant(queue: string, item: AnyLeased | undefined): AnyLeased {
    const leased = this.#byQueue.get(queue) ?? new Set();
    const [first] = leased;
    if (item !== undefined && leased.has(item)) {
      return item;
    }
    if (item !== undefined || first === undefined) {
      throw new MillraceError(
        'NOT_LEASED',
        `taskDone of queue '${queue}' was called too many times: ${item === undefined ? 'no item is' : 'this item is not'} leased to this process; \`get\` has done its item already, \`lease\` takes one that taskDone finishes`,
      );
    }
    if (leased.size > 1) {
      throw new MillraceError(
        'NOT_LEASED',
        `${leased.size} items of queue '${queue}' are leased to this process: give taskDone the one that is done`,
      );
    }
    return first;
  }
}

/** Makes a leased item of one that was taken. */
export const leasedItem = <T>(
  port: TakingPort,
  leases: Leases,
  queue: string,
  { token, value }: Taken,
): LeasedItem<T> => {
  let isOpen = true;
  const end = async (kind: 'succeeded' | 'released', call: CallOptions): Promise<void> => {
    if (isOpen) {
      isOpen = false;
      leases.remove(queue, item);
      try {
        await settleItems(port, queue, [token], kind, call);
      } catch (error) {
        isOpen = isUnanswered(error);
        if (isOpen) {
          leases.add(queue, item);
        }
        throw error;
      }
    }
  };
  const release = (call: CallOptions = {}): Promise<void> => end('released', call).catch(() => {});
  const item: LeasedItem<T> = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of a queue's items is its users' agreement
    value: value as T,
    ack: (call = {}) => end('succeeded', call),
    release,
    [Symbol.asyncDispose]: () => release(),
  };
  leases.add(queue, item);
  return item;
};
