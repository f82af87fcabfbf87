import {
  type AttemptKind,
  limits,
  type Outcome,
  retryDelayMs,
  type TaskError,
  type Token,
} from '@millrace/protocol';
import { fnv1a } from '../../structures/fnv1a.ts';
import { tuning } from '../../tuning.ts';
import { cancelledError, lossError, snoozedTooOften } from './attempt-errors.ts';
import { removeHistory, writePastAttempt } from './history.ts';
import type { Queue } from './queue.ts';
import {
  keepsPayload,
  knownUntilMs,
  retainedBytesOf,
  retainedUntilMs,
  wholeSecond,
} from './retained.ts';
import { taskKey } from './rows/keys.ts';
import type { ListRow } from './rows/list-row.ts';
import { keptPayload, type TaskValues } from './rows/task-record.ts';
import { endRun } from './schedules.ts';
import type { Session } from './session.ts';
import type { Now, State } from './state.ts';
import {
  Fence,
  Lease,
  type MutableTask,
  type Task,
  type TaskLane,
  taskOf,
  tokenOf,
} from './task.ts';
import { releaseKeys, takeKeys } from './task-keys.ts';
import { move } from './task-machine.ts';

/**
 * Every change of a task, with all that belongs to it: indexes, counters, leases, and
 * the writes that make it durable. Everywhere else a task is read-only.
 */

/** The task with its fields writable. No other function makes a task writable. */
const mutable = (task: Task): MutableTask => task;

/** A new task enters the store, ready or scheduled. */
export const admit = (
  state: State,
  id: string,
  lane: TaskLane,
  values: TaskValues,
  payload: Uint8Array,
): void => {
  const task = taskOf(id, lane, values, keptPayload(payload));
  const { counters } = lane.queue;
  counters.enqueued += 1;
  counters.bytes += task.payloadBytes;
  state.writeTask(task, payload);
  if (task.extras !== undefined) {
    takeKeys(state, task);
  }
  if (task.state === 'ready') {
    counters.ready += 1;
    state.batch.arrived.push(task);
  } else {
    counters.scheduled += 1;
    state.batch.putTime('due', task.dueAtMs, task.id);
  }
  if (task.expiresAtMs !== undefined) {
    state.batch.putTime('expiry', task.expiresAtMs, task.id);
  }
};

/** A task leaves `scheduled`. A task that was granted before was also counted as retrying. */
const leaveScheduled = (task: Task): void => {
  const { counters } = task.lane.queue;
  counters.scheduled -= 1;
  counters.retrying -= task.grants > 0 ? 1 : 0;
};

/** The time of a scheduled task has come. */
export const fallDue = (state: State, task: Task): void => {
  move(mutable(task), 'fallDue');
  leaveScheduled(task);
  task.lane.queue.counters.ready += 1;
  state.writeTask(task, state.payloadOf(task));
  state.batch.returned.push(task);
};

/**
 * Takes a ready task out of its window and its row. This batch lists the task again, so it can be
 * claimed once this batch is durable. A task that this batch made ready is listed by it anyway.
 */
const listAgain = (state: State, own: MutableTask): void => {
  if (own.state === 'ready' && (own.inWindow || own.lastBatch !== state.batch.number)) {
    own.lane.remove(own);
    own.readyRow?.leave(state.batch);
    own.readyRow = undefined;
    own.extras = { ...own.extras, isListedAgain: true };
    state.batch.returned.push(own);
  }
};

/**
 * Replaces the payload of a task that was never granted by that of a later enqueue. A scheduled
 * task may get a later time. A ready task keeps its time.
 */
export const replaceInput = (
  state: State,
  task: Task,
  payload: Uint8Array,
  dueAtMs: number | undefined,
): void => {
  const own = mutable(task);
  listAgain(state, own);
  task.lane.queue.counters.bytes += payload.length - task.payloadBytes;
  own.payloadBytes = payload.length;
  own.extras = { ...own.extras, changedIn: state.epoch };
  // Kept however large it is, until the batch is durable: the store still has the input before.
  own.payload = Buffer.from(payload);
  if (task.state === 'scheduled' && dueAtMs !== undefined && dueAtMs !== task.dueAtMs) {
    own.dueAtMs = dueAtMs;
    state.batch.putTime('due', dueAtMs, task.id);
  }
  state.writeTask(task, payload);
};

/**
 * Changes the priority of a waiting task, and its place with it. Rows of the earlier priority may
 * still list the task, because a lane takes a task only from a row of its present priority.
 */
export const changePriority = (state: State, task: Task, priority: number): void => {
  const own = mutable(task);
  listAgain(state, own);
  own.priority = priority;
  own.extras = { ...own.extras, changedIn: state.epoch };
  state.writeTask(task, state.payloadOf(task));
};

/** The store has the present input of a task: a large one leaves memory. */
export const shedPayload = (task: Task): void => {
  if (task.payload !== undefined && task.payload.length > tuning.keptPayloadMaxBytes) {
    mutable(task).payload = undefined;
  }
};

/** How long a run may take before it is fenced off: its deadline, the kill, and slack for the worker's report. */
const fencedAfterMs = (deadlineMs: number): number =>
  deadlineMs + limits.killGraceMs + limits.fenceSlackMs;

const attachLease = (state: State, task: Task, session: Session, lease: Lease, now: Now): void => {
  mutable(task).lease = lease;
  session.leases.add(lease);
  if (task.deadlineMs !== null) {
    lease.fence = new Fence(lease);
    state.fences.add(lease.fence, fencedAfterMs(task.deadlineMs), now.monotonicMs);
  }
};

/** Adds a lease to the present batch, which records the lease as it is at sealing. */
const recordLease = (state: State, held: Lease): void => {
  if (!held.isUnwritten) {
    held.isUnwritten = true;
    state.batch.leases.push(held);
  }
};

/** A task leaves the ready order. */
const leaveReady = (state: State, task: Task): void => {
  task.lane.remove(task);
  task.lane.queue.counters.ready -= 1;
  task.readyRow?.leave(state.batch);
  task.readyRow = undefined;
};

/**
 * Gives a ready task to a session, under a given token.
 *
 * @param isolates whether the claimant runs a suspect in a process of its own
 */
export const lease = (
  state: State,
  task: Task,
  session: Session,
  epoch: number,
  grant: number,
  isolates: boolean,
  now: Now,
): Lease => {
  move(mutable(task), 'lease');
  leaveReady(state, task);
  const { counters } = task.lane.queue;
  counters.leased += 1;
  counters.regranted += task.grants > 0 ? 1 : 0;
  mutable(task).grants = grant;
  const granted = new Lease(task, session, epoch, grant, now.monotonicMs);
  granted.isIsolated = isolates && task.losses > 0;
  attachLease(state, task, session, granted, now);
  state.touch(task);
  recordLease(state, granted);
  return granted;
};

/** A lease as the store has it. */
interface StoredLease {
  readonly epoch: number;
  readonly grant: number;
  readonly cancelReason: string | undefined;
  readonly isIsolated: boolean;
}

/** Puts a lease that the store remembers back in force, after a restart. */
export const restoreLease = (
  state: State,
  task: Task,
  session: Session,
  { cancelReason, epoch, grant, isIsolated }: StoredLease,
  row: ListRow,
  now: Now,
): void => {
  const own = mutable(task);
  move(own, 'lease');
  own.grants = grant;
  own.cancelReason = cancelReason;
  const restored = new Lease(task, session, epoch, grant, now.monotonicMs);
  restored.row = row;
  restored.isIsolated = isIsolated;
  attachLease(state, task, session, restored, now);
  state.keep(task);
};

/** A lease leaves its row, which is out of date. */
const leaveLeaseRow = (state: State, held: Lease): void => {
  held.row?.leave(state.batch);
  held.row = undefined;
};

/** Records that a leased task should be cancelled. The holder is told once the record is durable. */
export const requestCancel = (state: State, task: Task, held: Lease, reason: string): void => {
  mutable(task).cancelReason = reason;
  state.touch(task);
  leaveLeaseRow(state, held);
  recordLease(state, held);
  state.batch.aborts.push({
    sessionId: held.holder.id,
    token: tokenOf(held),
    reason: 'cancelled',
  });
};

const dropLease = (state: State, task: Task): void => {
  const { lease: held } = task;
  if (held === undefined) {
    return;
  }
  mutable(task).lease = undefined;
  held.holder.leases.remove(held);
  if (held.fence !== undefined) {
    state.fences.remove(held.fence);
  }
  task.lane.queue.counters.leased -= 1;
  leaveLeaseRow(state, held);
  held.isUnwritten = false;
};

/** A leased task goes back to its place in the ready order. */
const returnToReady = (state: State, task: Task): void => {
  move(mutable(task), 'return');
  dropLease(state, task);
  task.lane.queue.counters.ready += 1;
  state.writeTask(task, state.payloadOf(task));
  state.batch.returned.push(task);
};

/** A leased task waits for its next attempt. */
const retryLater = (state: State, task: Task, delayMs: number, now: Now): void => {
  move(mutable(task), 'retry');
  dropLease(state, task);
  task.lane.queue.counters.scheduled += 1;
  task.lane.queue.counters.retrying += 1;
  mutable(task).dueAtMs = now.wallMs + delayMs;
  state.writeTask(task, state.payloadOf(task));
  state.batch.putTime('due', task.dueAtMs, task.id);
};

/** The end of an attempt, with the facts that its task's history keeps. */
export interface AttemptEnd {
  readonly kind: AttemptKind;
  readonly error?: TaskError | undefined;
  /** Where the attempt ran, if its worker says so. */
  readonly runner?: string | undefined;
}

/** Adds the attempt of a leased task to the history of the task. Items have no history. */
const note = (
  state: State,
  own: MutableTask,
  { error, kind, runner }: AttemptEnd,
  now: Now,
): void => {
  const { lane, lease: held } = own;
  if (held === undefined || lane.isItems) {
    return;
  }
  const worker = held.holder.name;
  const beganAtMs = now.wallMs - (now.monotonicMs - held.sinceMs);
  const times = { beganAtMs: Math.round(beganAtMs), endedAtMs: now.wallMs };
  writePastAttempt(state, own, { grant: held.grant, kind, worker, runner, ...times, error });
  own.extras = { ...own.extras, noted: (own.extras?.noted ?? 0) + 1 };
};

/** The holder of a lease has settled this token; a resend of the token is a duplicate from now on. */
export const noteSettled = (task: Task, { epoch, grant }: Token): void => {
  const own = mutable(task);
  own.settledEpoch = epoch;
  own.settledGrant = grant;
};

/**
 * The random part of a task's backoff: a hash of its id and the
 * failure, spread over [0, 1), so that the core needs no random numbers.
 */
const jitterOf = (task: Task): number => fnv1a(task.id, task.failures) / 2 ** 32;

/** Cancels a task. Its error is the reason of the cancellation, which says more than the error of a stopped run. */
const finishCancelled = (state: State, task: Task, now: Now): void =>
  finish(state, task, 'cancelled', { error: cancelledError(task.cancelReason ?? '') }, now);

/** An attempt succeeded. The history gets the attempt only if it has an earlier one. */
export const succeed = (
  state: State,
  task: Task,
  result: Uint8Array | undefined,
  end: AttemptEnd,
  now: Now,
): void => {
  if (task.extras?.noted !== undefined) {
    note(state, mutable(task), end, now);
  }
  finish(state, task, 'succeeded', { result }, now);
};

/** An attempt that failed, and the wait that its handler asks for. */
export interface FailedAttempt extends AttemptEnd {
  readonly error: TaskError;
  /** Replaces the wait of the task's retry policy. */
  readonly waitMs?: number | undefined;
}

/**
 * An attempt failed. The task is cancelled if that was requested, is dead after its last attempt
 * or an error that forbids a retry, and otherwise waits for its next attempt.
 */
export const failAttempt = (state: State, task: Task, end: FailedAttempt, now: Now): void => {
  const own = mutable(task);
  const { error, waitMs } = end;
  note(state, own, end, now);
  own.failures += 1;
  own.error = error;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else if (!error.retry || task.failures >= task.attempts) {
    finish(state, task, 'dead', { error }, now);
  } else {
    const policy = task.extras?.retryPolicy;
    retryLater(state, task, waitMs ?? retryDelayMs(task.failures, jitterOf(task), policy), now);
  }
};

/**
 * The handler has snoozed its task, so the attempt does not count. A snooze beyond the bound
 * fails the attempt instead.
 */
export const snooze = (
  state: State,
  task: Task,
  waitMs: number,
  end: AttemptEnd,
  now: Now,
): void => {
  const own = mutable(task);
  const snoozes = (own.extras?.snoozes ?? 0) + 1;
  if (snoozes > limits.snoozesMax) {
    failAttempt(state, task, { ...end, kind: 'failed', error: snoozedTooOften }, now);
    return;
  }
  note(state, own, end, now);
  own.extras = { ...own.extras, snoozes };
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else {
    retryLater(state, task, waitMs, now);
  }
};

/** The grant came back without a complete run; nothing is counted against the task. */
export const returnUncounted = (state: State, task: Task, now: Now): void => {
  mutable(task).returns += 1;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else {
    returnToReady(state, task);
  }
};

/** Whether the losses say that this task ends its workers. An item never does (decision 0004). */
const isPoison = (task: Task): boolean =>
  !task.lane.isItems &&
  (task.blamedLosses >= limits.lossesMax || task.losses >= limits.lossesAllMax);

/**
 * The worker of a task was lost. The task is cancelled if that was requested, and dead if it
 * seems to end its workers. Otherwise it is ready again at once, unless it was lost before and
 * another task may be to blame: then it waits, each time longer, so that it does not meet the
 * same neighbours again. An item never waits.
 *
 * @param isExcused whether another task may be to blame: the worker ran others beside this
 *   one, or ran this one in a process of its own
 */
export const loseAttempt = (state: State, task: Task, isExcused: boolean, now: Now): void => {
  const own = mutable(task);
  note(state, own, { kind: 'lost' }, now);
  own.losses += 1;
  if (isExcused) {
    own.extras = { ...own.extras, excusedLosses: (own.extras?.excusedLosses ?? 0) + 1 };
  }
  task.lane.queue.counters.losses += 1;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else if (isPoison(task)) {
    finish(state, task, 'dead', { error: lossError(task) }, now);
  } else if (task.losses === 1 || !isExcused || task.lane.isItems) {
    returnToReady(state, task);
  } else {
    retryLater(state, task, retryDelayMs(task.losses - 1, jitterOf(task)), now);
  }
};

const moveTo = {
  succeeded: 'succeed',
  dead: 'die',
  cancelled: 'cancel',
  expired: 'expire',
} as const;

const leaveWaiting = (state: State, task: Task): void => {
  if (task.state === 'ready') {
    leaveReady(state, task);
  } else if (task.state === 'scheduled') {
    leaveScheduled(task);
  }
};

/** A task ends, from any state that allows it. Its outcome is visible once this is durable. */
export const finish = (
  state: State,
  task: Task,
  outcome: Outcome,
  end: { readonly result?: Uint8Array | undefined; readonly error?: TaskError | undefined },
  now: Now,
): void => {
  const own = mutable(task);
  leaveWaiting(state, task);
  move(own, moveTo[outcome]);
  dropLease(state, task);
  const { queue } = task.lane;
  queue.counters[outcome] += 1;
  queue.counters.bytes -= task.payloadBytes;
  own.finishedAtMs = now.wallMs;
  own.result = end.result;
  own.error = end.error;
  if (task.extras !== undefined) {
    releaseKeys(state, task);
    endRun(state, task, outcome, now);
  }
  state.batch.finished.push(task);
  state.batch.queuesWithRoom.add(queue);
  retain(state, own);
};

/** Keeps a finished task for its retention time. An item has no result, so only its tombstone is kept. */
const retain = (state: State, task: MutableTask): void => {
  if (task.lane.isItems) {
    keepTombstone(state, task);
    return;
  }
  state.retainedBytes += retainedBytesOf(task);
  if (keepsPayload(task)) {
    task.lane.queue.counters.deadKept += 1;
    state.writeTask(task, state.payloadOf(task));
    state.batch.putTime('dead', retainedUntilMs(task), task.id);
  } else {
    task.payload = undefined;
    state.writeTask(task, undefined);
    state.batch.putTime('retention', retainedUntilMs(task), task.id);
  }
};

const keepTombstone = (state: State, task: MutableTask): void => {
  task.isTombstone = true;
  task.payload = undefined;
  state.writeTask(task, undefined);
  state.batch.putTime('tombstone', wholeSecond(knownUntilMs(task)), task.id);
};

/** Forgets a finished task and its id. */
export const forgetTask = (state: State, task: Task): void => {
  state.touch(task);
  state.batch.remove(taskKey(task.id));
};

const releaseResult = (state: State, task: MutableTask): void => {
  state.retainedBytes -= retainedBytesOf(task);
  task.lane.queue.counters.deadKept -= keepsPayload(task) ? 1 : 0;
  if (task.extras?.noted !== undefined) {
    removeHistory(state, task);
    task.extras = { ...task.extras, noted: 0 };
  }
  task.result = undefined;
  task.error = undefined;
};

/** Removes the result of a finished task; its id stays while a resend of its enqueue may come. */
export const removeResult = (state: State, task: Task, now: Now): void => {
  const own = mutable(task);
  releaseResult(state, own);
  if (knownUntilMs(task) <= now.wallMs) {
    // A reader before the commit must not see an outcome without its result.
    own.isTombstone = true;
    forgetTask(state, task);
  } else {
    keepTombstone(state, own);
  }
};

/**
 * Removes the result before its retention ends. The id stays until a later sweep, so that it is
 * known at least until the removal is durable.
 */
export const dropResult = (state: State, task: Task): void => {
  const own = mutable(task);
  releaseResult(state, own);
  keepTombstone(state, own);
};

/** Pauses or resumes the claims of a queue. */
export const setPaused = (state: State, queue: Queue, isPaused: boolean): void => {
  queue.isPaused = isPaused;
  state.batch.dirtyQueues.add(queue);
  if (isPaused) {
    state.batch.resumed.delete(queue);
  } else {
    state.batch.resumed.add(queue);
  }
};
