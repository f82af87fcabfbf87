import { extraOf, type TaskError, type TaskState, type Token } from '@millrace/protocol';
import type { Chain, ChainEntry } from '../../structures/chain.ts';
import type { TimedEntry } from '../../structures/timetable.ts';
import type { Lane } from './lane.ts';
import type { Queue } from './queue.ts';
import type { Arrival } from './rows/keys.ts';
import type { ListRow } from './rows/list-row.ts';
import { type TaskExtras, type TaskValues, taskExtras } from './rows/task-record.ts';

/** A session, as the holder of leases. */
export interface Holder {
  readonly id: string;
  readonly name: string;
  /** The leases in the order of their grants. */
  readonly leases: Chain<Lease>;
}

/** The time at which the manager fences a lease off, on the monotonic clock. The end of a lease removes its fence. */
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

/** The right of one session to finish the current grant of a task. */
export class Lease implements ChainEntry<Lease> {
  readonly task: Task;
  readonly holder: Holder;
  readonly epoch: number;
  readonly grant: number;
  /** When the lease began, on the monotonic clock; after a restart, when it was put back in force. */
  readonly sinceMs: number;
  before: Lease | undefined;
  next: Lease | undefined;
  /** None when the task has no deadline. */
  fence: Fence | undefined;
  /** The row that records this lease; none until the batch of the grant is sealed. */
  row: ListRow | undefined;
  /** Whether the batch that is collecting records this lease. */
  isUnwritten = false;
  /** Whether the task runs in a process of its own, because a worker was lost under it before. */
  isIsolated = false;

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
 * Where memory keeps a task. These fields are in no record, and not only the transitions
 * write them.
 */
interface Residence {
  /** The row that lists the task as ready; only while the task is ready and in memory. */
  readyRow: ListRow | undefined;
  /**
   * Whether the task is among the known tasks: those in memory. Written by `State.keep` and
   * `State.release` alone.
   */
  isKnown: boolean;
  /**
   * Number of the last batch that concerns the task; 0 while there was none since the task was
   * read from disk.
   */
  lastBatch: number;
  /** Whether the window of the lane holds the task. */
  inWindow: boolean;
}

/**
 * A task in memory: leased, in the window of its lane, or with a write that is not yet
 * durable. All others are on disk only. Its record is made of the fields and getters
 * that `TaskValues` names.
 *
 * Only `transitions.ts` may use this type, which a test holds; all others use `Task`,
 * which is read-only.
 *
 * Tasks, leases and fences are classes, not literals, because V8 would allocate the
 * literals in the old generation (decision 0028).
 */
export class MutableTask implements Residence, TaskValues {
  readonly id: string;
  readonly lane: TaskLane;
  priority: number;
  readonly arrival: Arrival;
  /** Order of the queue when the task arrived: a queue that is declared anew keeps the order of its backlog. */
  readonly order: 'fifo' | 'lifo';
  payloadBytes: number;
  readonly acceptedAtMs: number;
  readonly deadlineMs: number | null;
  readonly attempts: number;
  readonly expiresAtMs: number | undefined;
  extras: TaskExtras;
  readyRow: ListRow | undefined;
  state: TaskState;
  /** Small payloads stay here, larger ones are read from disk when they are needed. */
  payload: Uint8Array | undefined;
  dueAtMs: number;
  grants: number;
  failures: number;
  losses: number;
  returns: number;
  /** Reason of a cancellation that was requested while the task was leased. */
  cancelReason: string | undefined;
  lease: Lease | undefined;
  /** Epoch and grant of the last token that a holder settled, so that a resend is answered with `duplicate`. */
  settledEpoch: number | undefined;
  settledGrant: number | undefined;
  result: Uint8Array | undefined;
  error: TaskError | undefined;
  finishedAtMs: number | undefined;
  /** Whether the result was removed: the record now says only that the id was used. */
  isTombstone: boolean;
  isKnown = false;
  lastBatch = 0;
  inWindow = false;

  constructor(id: string, lane: TaskLane, values: TaskValues, payload: Uint8Array | undefined) {
    const { acceptedAtMs, expiresAfterMs, finishedAfterMs } = values;
    this.id = id;
    this.lane = lane;
    this.priority = values.priority;
    this.arrival = { epoch: values.arrivalEpoch, count: values.arrivalCount };
    this.order = values.isLifo ? 'lifo' : 'fifo';
    this.payloadBytes = values.payloadBytes;
    this.acceptedAtMs = acceptedAtMs;
    this.deadlineMs = values.deadlineMs;
    this.attempts = values.attempts;
    this.expiresAtMs = expiresAfterMs === undefined ? undefined : acceptedAtMs + expiresAfterMs;
    this.extras = values.extras;
    this.state = values.state;
    this.payload = payload;
    this.dueAtMs = acceptedAtMs + values.dueAfterMs;
    this.grants = values.grants;
    this.failures = values.failures;
    this.losses = values.losses;
    this.returns = values.returns;
    this.settledEpoch = values.settledEpoch;
    this.settledGrant = values.settledGrant;
    this.result = values.result;
    this.error = values.error;
    this.finishedAtMs = finishedAfterMs === undefined ? undefined : acceptedAtMs + finishedAfterMs;
    this.isTombstone = values.isTombstone;
  }

  get cancelRequested(): boolean {
    return this.cancelReason !== undefined;
  }

  /** First id of the chain of retries that this task continues. */
  get workId(): string {
    return extraOf(taskExtras.workId, this.extras?.workId) ?? this.id;
  }

  /** Losses of workers for which only this task can be to blame. */
  get blamedLosses(): number {
    return this.losses - extraOf(taskExtras.excusedLosses, this.extras?.excusedLosses);
  }

  get laneNumber(): number {
    return this.lane.number;
  }

  get isLifo(): boolean {
    return this.order === 'lifo';
  }

  get arrivalEpoch(): number {
    return this.arrival.epoch;
  }

  get arrivalCount(): number {
    return this.arrival.count;
  }

  get dueAfterMs(): number {
    return this.dueAtMs - this.acceptedAtMs;
  }

  get expiresAfterMs(): number | undefined {
    return this.expiresAtMs === undefined ? undefined : this.expiresAtMs - this.acceptedAtMs;
  }

  get finishedAfterMs(): number | undefined {
    return this.finishedAtMs === undefined ? undefined : this.finishedAtMs - this.acceptedAtMs;
  }
}

/** A task, as all but the transitions see it. */
export type Task = Readonly<Omit<MutableTask, keyof Residence>> & Residence;

/** Makes a task of its record's values. */
export const taskOf = (
  id: string,
  lane: TaskLane,
  values: TaskValues,
  payload: Uint8Array | undefined,
): Task => new MutableTask(id, lane, values, payload);

export const tokenOf = (lease: Lease): Token => ({
  taskId: lease.task.id,
  epoch: lease.epoch,
  grant: lease.grant,
});
