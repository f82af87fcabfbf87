import type { Token } from '@millrace/protocol';
import type { Write } from '../store/journal.ts';
import type { Queue } from './queue.ts';
import type { TimeIndex } from './rows/keys.ts';
import type { Lease, Task } from './task.ts';

export interface Abort {
  readonly sessionId: string;
  readonly token: Token;
  readonly reason: 'cancelled' | 'fenced';
}

/**
 * Changes that are committed together, and what may be told once they are durable.
 * Writes keep their order: of two writes to one key the later wins.
 */
export class Batch {
  readonly number: number;
  readonly writes: Write[] = [];
  /**
   * Tasks that this batch changes. Once the batch is durable, those that no later batch changes
   * can leave memory.
   */
  readonly touched: Task[] = [];
  /** New tasks that become claimable, in order of arrival. */
  readonly arrived: Task[] = [];
  /** Tasks that become claimable later than they arrived: returned, or fallen due. */
  readonly returned: Task[] = [];
  /** Leases that began, or whose cancellation was requested. Sealing records those that are still unwritten. */
  readonly leases: Lease[] = [];
  /** Tasks whose outcome becomes visible. */
  readonly finished: Task[] = [];
  readonly aborts: Abort[] = [];
  /** Queues whose counters changed, or that were paused or resumed. */
  readonly dirtyQueues = new Set<Queue>();
  readonly queuesWithRoom = new Set<Queue>();
  /** Queues that were resumed. */
  readonly resumed = new Set<Queue>();
  /** Keys of side rows that this batch writes or removes. */
  readonly sideKeys: string[] = [];
  /** For each time index, the tasks of each instant. */
  readonly times = new Map<TimeIndex, Map<number, string[]>>();

  constructor(number: number) {
    this.number = number;
  }

  get isEmpty(): boolean {
    return this.writes.length === 0 && this.dirtyQueues.size === 0 && this.aborts.length === 0;
  }

  /** The value that this batch gives to a key. A search of all its writes, for rare cases. */
  written(key: string): Uint8Array | undefined {
    return this.writes.findLast((write) => write.key === key)?.value;
  }

  put(key: string, value: Uint8Array): void {
    this.writes.push({ key, value });
  }

  remove(key: string): void {
    this.writes.push({ key, value: undefined });
  }

  putTime(index: TimeIndex, atMs: number, taskId: string): void {
    const instants = this.times.get(index) ?? new Map<number, string[]>();
    this.times.set(index, instants);
    const together = instants.get(atMs);
    if (together === undefined) {
      instants.set(atMs, [taskId]);
    } else {
      together.push(taskId);
    }
  }
}
