import type { TaskError, TaskState, Token } from '@millrace/protocol';
import type { Chain, ChainEntry } from '../../../chain.ts';
import type { TimedEntry } from '../../../timetable.ts';
import type { Arrival } from './keys.ts';
import type { Lane } from './lane.ts';
import type { ListRow } from './list-row.ts';
import type { Queue } from './queue.ts';

/** Whoever tasks are leased to. */
export interface Holder {
  readonly id: string;
  /** In the order in which they were granted. */
  readonly leases: Chain<Lease>;
}

/** When the manager fences a lease off unless it ends before, on the monotonic clock. */
export interface Fence extends TimedEntry<Fence> {
  readonly lease: Lease;
}

/** The current grant of a task. */
export interface Lease extends ChainEntry<Lease> {
  readonly task: Task;
  readonly holder: Holder;
  readonly epoch: number;
  readonly grant: number;
  /** When it began, on the monotonic clock; after a restart, when it was put back in force. */
  readonly sinceMs: number;
  /** None when its task has no deadline. */
  fence: Fence | undefined;
  /** The row that records it; none before its batch is sealed. */
  row: ListRow | undefined;
  /** Whether the batch that is collecting records it. */
  isUnwritten: boolean;
}

export type TaskLane = Lane<Task, Queue>;

/**
 * A task in memory: leased, in the window of its lane, or with a write that is
 * not yet durable. All others are on disk only.
 *
 * `state` is written by the task machine alone.
 */
export interface Task {
  readonly id: string;
  readonly lane: TaskLane;
  readonly priority: number;
  readonly arrival: Arrival;
  /** Of its queue when it arrived; a queue that is declared anew keeps its backlog as it is. */
  readonly order: 'fifo' | 'lifo';
  /** The row that lists it as ready, while memory holds it as ready. */
  readyRow: ListRow | undefined;
  readonly payloadBytes: number;
  readonly acceptedAtMs: number;
  readonly deadlineMs: number | null;
  readonly attempts: number;
  readonly expiresAtMs: number | undefined;
  state: TaskState;
  /** Small payloads stay here, larger ones are read from disk when they are needed. */
  payload: Uint8Array | undefined;
  dueAtMs: number;
  grants: number;
  failures: number;
  losses: number;
  returns: number;
  cancelRequested: boolean;
  lease: Lease | undefined;
  /** The last token that was settled by its holder, to answer a resend with `duplicate`. */
  settled: { readonly epoch: number; readonly grant: number } | undefined;
  result: Uint8Array | undefined;
  error: TaskError | undefined;
  finishedAtMs: number;
  /** The result was removed; what is left says only that the id was used. */
  isTombstone: boolean;
  /** Whether it is among the known tasks. Written by `State.keep` and `State.release` alone. */
  isKnown: boolean;
  /** Number of the last batch that writes it; 0 when none has since memory holds it. */
  lastBatch: number;
  /** Whether the lane's window holds it. */
  inWindow: boolean;
}

export const tokenOf = (lease: Lease): Token => ({
  taskId: lease.task.id,
  epoch: lease.epoch,
  grant: lease.grant,
});
