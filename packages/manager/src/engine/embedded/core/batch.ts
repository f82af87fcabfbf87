import type { Token } from '@millrace/protocol';
import type { Write } from '../journal.ts';
import type { TimeIndex } from './keys.ts';
import type { Queue } from './queue.ts';
import type { Task } from './task.ts';

export interface Abort {
  readonly sessionId: string;
  readonly token: Token;
  readonly reason: 'cancelled' | 'fenced';
}

/**
 * What will be committed together, and what may be said once it is durable.
 * Writes keep their order: of two writes to one key the later wins.
 */
export class Batch {
  readonly number: number;
  readonly writes: Write[] = [];
  /** Tasks that this batch writes; a task whose last batch this is can leave memory after it. */
  readonly touched: Task[] = [];
  /** Tasks that become claimable. */
  readonly ready: Task[] = [];
  /** Tasks whose outcome becomes visible. */
  readonly finished: Task[] = [];
  readonly aborts: Abort[] = [];
  readonly dirtyQueues = new Set<Queue>();
  readonly queuesWithRoom = new Set<Queue>();
  /** The earliest row it adds to each time index. */
  readonly nextAtMs = new Map<TimeIndex, number>();

  constructor(number: number) {
    this.number = number;
  }

  get isEmpty(): boolean {
    return this.writes.length === 0 && this.aborts.length === 0;
  }

  put(key: string, value: Uint8Array): void {
    this.writes.push({ key, value });
  }

  remove(key: string): void {
    this.writes.push({ key, value: undefined });
  }
}
