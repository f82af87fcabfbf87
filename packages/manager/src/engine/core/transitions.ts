import { limits, type Outcome, type TaskError } from '@millrace/protocol';
import type { Queue } from './queue.ts';
import { taskKey } from './rows/keys.ts';
import type { ListRow } from './rows/list-row.ts';
import type { Session } from './session.ts';
import type { Now, State } from './state.ts';
import { Fence, Lease, type Task, tokenOf } from './task.ts';
import { isFinished, move } from './task-machine.ts';

/**
 * The moves of a task with all that belongs to them: indexes, counters, leases,
 * and the writes that make them durable. Nothing else changes a task.
 */

/** A new task enters the store, ready or scheduled. */
export const admit = (state: State, task: Task, payload: Uint8Array): void => {
  const { counters } = task.lane.queue;
  counters.enqueued += 1;
  counters.bytes += task.payloadBytes;
  state.writeTask(task, payload);
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

/** A task that waits no longer for its time; one that has failed waited for a further attempt. */
const leaveScheduled = (task: Task): void => {
  const { counters } = task.lane.queue;
  counters.scheduled -= 1;
  counters.retrying -= task.failures > 0 ? 1 : 0;
};

/** A scheduled task whose time has come. */
export const fallDue = (state: State, task: Task): void => {
  move(task, 'fallDue');
  leaveScheduled(task);
  task.lane.queue.counters.ready += 1;
  state.writeTask(task, state.payloadOf(task));
  state.batch.returned.push(task);
};

/** How long a run may take before it is fenced off: its deadline, the kill, and some slack for the report. */
const fencedAfterMs = (deadlineMs: number): number =>
  deadlineMs + limits.killGraceMs + limits.fenceSlackMs;

const attachLease = (state: State, task: Task, session: Session, lease: Lease, now: Now): void => {
  task.lease = lease;
  session.leases.add(lease);
  if (task.deadlineMs !== null) {
    lease.fence = new Fence(lease);
    state.fences.add(lease.fence, fencedAfterMs(task.deadlineMs), now.monotonicMs);
  }
};

/** The present batch records a lease as it will be when the batch is sealed. */
const recordLease = (state: State, held: Lease): void => {
  if (!held.isUnwritten) {
    held.isUnwritten = true;
    state.batch.leases.push(held);
  }
};

/** A task that leaves the ready order, whoever takes it. */
const leaveReady = (state: State, task: Task): void => {
  task.lane.remove(task);
  task.lane.queue.counters.ready -= 1;
  task.readyRow?.leave(state.batch);
  task.readyRow = undefined;
};

/** Gives a ready task to a session, under a given token. */
export const lease = (
  state: State,
  task: Task,
  session: Session,
  epoch: number,
  grant: number,
  now: Now,
): Lease => {
  move(task, 'lease');
  leaveReady(state, task);
  const { counters } = task.lane.queue;
  counters.leased += 1;
  counters.regranted += task.grants > 0 ? 1 : 0;
  task.grants = grant;
  const granted = new Lease(task, session, epoch, grant, now.monotonicMs);
  attachLease(state, task, session, granted, now);
  state.touch(task);
  recordLease(state, granted);
  return granted;
};

/** Puts a lease that the store remembers back in force, after a restart. */
export const restoreLease = (
  state: State,
  task: Task,
  session: Session,
  { epoch, grant }: { readonly epoch: number; readonly grant: number },
  row: ListRow,
  now: Now,
): void => {
  move(task, 'lease');
  task.grants = grant;
  const restored = new Lease(task, session, epoch, grant, now.monotonicMs);
  restored.row = row;
  attachLease(state, task, session, restored, now);
  state.keep(task);
};

/** What is on disk of a lease holds no longer. */
const leaveLeaseRow = (state: State, held: Lease): void => {
  held.row?.leave(state.batch);
  held.row = undefined;
};

/** Records that a running task should be cancelled, and tells its holder once that is durable. */
export const requestCancel = (state: State, task: Task, held: Lease, reason: string): void => {
  task.cancelReason = reason;
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
  task.lease = undefined;
  held.holder.leases.remove(held);
  if (held.fence !== undefined) {
    state.fences.remove(held.fence);
  }
  task.lane.queue.counters.leased -= 1;
  leaveLeaseRow(state, held);
  held.isUnwritten = false;
};

/** A leased task goes back to its place in the ready order. */
export const returnToReady = (state: State, task: Task): void => {
  move(task, 'return');
  dropLease(state, task);
  task.lane.queue.counters.ready += 1;
  state.writeTask(task, state.payloadOf(task));
  state.batch.returned.push(task);
};

/** A leased task waits for its next attempt. */
export const retryLater = (state: State, task: Task, delayMs: number, now: Now): void => {
  move(task, 'retry');
  dropLease(state, task);
  task.lane.queue.counters.scheduled += 1;
  task.lane.queue.counters.retrying += 1;
  task.dueAtMs = now.wallMs + delayMs;
  state.writeTask(task, state.payloadOf(task));
  state.batch.putTime('due', task.dueAtMs, task.id);
};

const moveTo = {
  succeeded: 'succeed',
  dead: 'die',
  cancelled: 'cancel',
  expired: 'expire',
} as const;

export const retainMs: Readonly<Record<Outcome, number>> = {
  succeeded: limits.retainSucceededMs,
  dead: limits.retainDeadMs,
  cancelled: limits.retainSucceededMs,
  expired: limits.retainSucceededMs,
};

const RECORD_OVERHEAD_BYTES = 200;

/** A dead task keeps its payload, so that it can be retried. */
const keepsPayload = (task: Task): boolean => task.state === 'dead' && !task.lane.isItems;

/** What a finished task costs the store, roughly. */
export const retainedBytesOf = (task: Task): number =>
  RECORD_OVERHEAD_BYTES +
  (keepsPayload(task) ? task.payloadBytes : 0) +
  (task.result?.length ?? 0) +
  (task.error === undefined ? 0 : task.error.message.length + task.error.stack.length);

const leaveWaiting = (state: State, task: Task): void => {
  if (task.state === 'ready') {
    leaveReady(state, task);
  } else if (task.state === 'scheduled') {
    leaveScheduled(task);
  }
};

/** A task ends, from whatever state allows it. Its outcome is visible once this is durable. */
export const finish = (
  state: State,
  task: Task,
  outcome: Outcome,
  end: { readonly result?: Uint8Array | undefined; readonly error?: TaskError | undefined },
  now: Now,
): void => {
  leaveWaiting(state, task);
  move(task, moveTo[outcome]);
  dropLease(state, task);
  const { queue } = task.lane;
  queue.counters[outcome] += 1;
  queue.counters.bytes -= task.payloadBytes;
  task.finishedAtMs = now.wallMs;
  task.result = end.result;
  task.error = end.error;
  state.batch.finished.push(task);
  state.batch.queuesWithRoom.add(queue);
  retain(state, task);
};

const SECOND_MS = 1_000;

/** What may go a little later shares its row with what goes then. */
const wholeSecond = (atMs: number): number => Math.ceil(atMs / SECOND_MS) * SECOND_MS;

/** Until when a finished task is kept, unless the results take too much space. */
export const retainedUntilMs = ({ finishedAtMs, state }: Task): number =>
  wholeSecond(finishedAtMs + (isFinished(state) ? retainMs[state] : 0));

/** A result is kept for its time. Items have none: what stays is the knowledge that their id was used. */
const retain = (state: State, task: Task): void => {
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

/** Until when the id of a task is known, so that a resent enqueue does not make it anew. */
const knownUntilMs = (task: Task): number => task.acceptedAtMs + limits.tombstoneMs;

const keepTombstone = (state: State, task: Task): void => {
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

const releaseResult = (state: State, task: Task): void => {
  state.retainedBytes -= retainedBytesOf(task);
  task.lane.queue.counters.deadKept -= keepsPayload(task) ? 1 : 0;
  task.result = undefined;
  task.error = undefined;
};

/** Removes the result of a finished task; its id stays while a resend of its enqueue may come. */
export const removeResult = (state: State, task: Task, now: Now): void => {
  releaseResult(state, task);
  if (knownUntilMs(task) <= now.wallMs) {
    // Who looks before this is durable must not see an outcome without its result.
    task.isTombstone = true;
    forgetTask(state, task);
  } else {
    keepTombstone(state, task);
  }
};

/** Removes the result before its time. Its id is known at least until that is durable: the next sweep forgets it. */
export const dropResult = (state: State, task: Task): void => {
  releaseResult(state, task);
  keepTombstone(state, task);
};

/** A queue deals no more, or again. */
export const setPaused = (state: State, queue: Queue, isPaused: boolean): void => {
  queue.isPaused = isPaused;
  state.batch.dirtyQueues.add(queue);
  if (isPaused) {
    state.batch.resumed.delete(queue);
  } else {
    state.batch.resumed.add(queue);
  }
};
