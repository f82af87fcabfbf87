import type { TaskError, TaskState, Token } from '@millrace/protocol';
import type { Chain, ChainEntry } from '../../structures/chain.ts';
import type { TimedEntry } from '../../structures/timetable.ts';
import type { Lane } from './lane.ts';
import type { Queue } from './queue.ts';
import type { Arrival } from './rows/keys.ts';
import type { ListRow } from './rows/list-row.ts';

/** Whoever tasks are leased to. */
export interface Holder {
  readonly id: string;
  /** In the order in which they were granted. */
  readonly leases: Chain<Lease>;
}

/** When the manager fences a lease off unless it ends before, on the monotonic clock. */
export class Fence implements TimedEntry<Fence> {
  readonly lease: Lease;
  atMs = 0;
  line: TimedEntry<Fence>['line'];
  before: Fence | undefined;
  next: Fence | undefined;

  constructor(lease: Lease) {
    this.lease = lease;
  }
}

/** The current grant of a task. */
export class Lease implements ChainEntry<Lease> {
  readonly task: Task;
  readonly holder: Holder;
  readonly epoch: number;
  readonly grant: number;
  /** When it began, on the monotonic clock; after a restart, when it was put back in force. */
  readonly sinceMs: number;
  before: Lease | undefined;
  next: Lease | undefined;
  /** None when its task has no deadline. */
  fence: Fence | undefined;
  /** The row that records it; none before its batch is sealed. */
  row: ListRow | undefined;
  /** Whether the batch that is collecting records it. */
  isUnwritten = false;

  constructor(task: Task, holder: Holder, epoch: number, grant: number, sinceMs: number) {
    this.task = task;
    this.holder = holder;
    this.epoch = epoch;
    this.grant = grant;
    this.sinceMs = sinceMs;
  }
}

export type TaskLane = Lane<Task, Queue>;

/**
 * A task in memory: leased, in the window of its lane, or with a write that is
 * not yet durable. All others are on disk only.
 *
 * `state` is written by the task machine alone.
 *
 * It is a class, as its lease and fence are, because of the garbage collector. Of what
 * a literal makes, V8 counts how much a collection finds alive; where that is nearly all
 * of a first hundred or so, and as many tasks under way are enough for it, optimised
 * code makes all others in the old generation. There each keeps alive what it refers to
 * until a full collection: a drain lost a fifth of its rate. What a constructor makes is
 * not counted, and begins young.
 */
export class Task {
  readonly id: string;
  readonly lane: TaskLane;
  readonly priority: number;
  readonly arrival: Arrival;
  /** Of its queue when it arrived; a queue that is declared anew keeps its backlog as it is. */
  readonly order: 'fifo' | 'lifo';
  readonly payloadBytes: number;
  readonly acceptedAtMs: number;
  readonly deadlineMs: number | null;
  readonly attempts: number;
  readonly expiresAtMs: number | undefined;
  /** The row that lists it as ready, while memory holds it as ready. */
  readyRow: ListRow | undefined;
  state: TaskState;
  /** Small payloads stay here, larger ones are read from disk when they are needed. */
  payload: Uint8Array | undefined;
  dueAtMs: number;
  grants = 0;
  failures = 0;
  losses = 0;
  returns = 0;
  /** Why it should end, since its cancellation was asked for while it ran. */
  cancelReason: string | undefined;
  lease: Lease | undefined;
  /** The last token that was settled by its holder, to answer a resend with `duplicate`. */
  settled: { readonly epoch: number; readonly grant: number } | undefined;
  result: Uint8Array | undefined;
  error: TaskError | undefined;
  finishedAtMs = 0;
  /** The result was removed; what is left says only that the id was used. */
  isTombstone = false;
  /** Whether it is among the known tasks. Written by `State.keep` and `State.release` alone. */
  isKnown = false;
  /** Number of the last batch that writes it; 0 when none has since memory holds it. */
  lastBatch = 0;
  /** Whether the lane's window holds it. */
  inWindow = false;

  constructor(
    facts: TaskFacts,
    state: TaskState,
    dueAtMs: number,
    payload: Uint8Array | undefined,
  ) {
    this.id = facts.id;
    this.lane = facts.lane;
    this.priority = facts.priority;
    this.arrival = facts.arrival;
    this.order = facts.order;
    this.payloadBytes = facts.payloadBytes;
    this.acceptedAtMs = facts.acceptedAtMs;
    this.deadlineMs = facts.deadlineMs;
    this.attempts = facts.attempts;
    this.expiresAtMs = facts.expiresAtMs;
    this.state = state;
    this.dueAtMs = dueAtMs;
    this.payload = payload;
  }

  get cancelRequested(): boolean {
    return this.cancelReason !== undefined;
  }
}

/** What a cancelled task says of itself. */
export const cancelledError = (reason: string): TaskError => ({
  name: 'Cancelled',
  message: reason,
  stack: '',
  retry: false,
});

/** What of a task is settled when it arrives. */
export type TaskFacts = Pick<
  Task,
  | 'id'
  | 'lane'
  | 'priority'
  | 'arrival'
  | 'order'
  | 'payloadBytes'
  | 'acceptedAtMs'
  | 'deadlineMs'
  | 'attempts'
  | 'expiresAtMs'
>;

export const tokenOf = (lease: Lease): Token => ({
  taskId: lease.task.id,
  epoch: lease.epoch,
  grant: lease.grant,
});
