import { limits, retryDelayMs, type TaskError } from '@millrace/protocol';
import type { AttemptReport, SettleAnswer } from '../../engine.ts';
import type { Now, State } from '../state.ts';
import { cancelledError, type Lease, type Task } from '../task.ts';
import { finish, retryLater, returnToReady } from '../transitions.ts';

const lossError: TaskError = {
  name: 'WorkerLost',
  message: `the worker was lost ${limits.lossesMax} times while it ran this task`,
  stack: '',
  retry: false,
};

const unknownError: TaskError = {
  name: 'UnknownError',
  message: 'the worker gave no reason',
  stack: '',
  retry: true,
};

/**
 * The random part of a task's backoff: a hash (FNV-1a) of its id and the
 * failure, spread over [0, 1), so that the core needs no random numbers.
 */
const jitterOf = (task: Task): number => {
  let hash = 2_166_136_261 ^ task.failures;
  for (let i = 0; i < task.id.length; i++) {
    hash = Math.imul(hash ^ task.id.charCodeAt(i), 16_777_619);
  }
  return (hash >>> 0) / 2 ** 32;
};

/** However the run ended: why it was cancelled says more than what it said of being stopped. */
const finishCancelled = (state: State, task: Task, now: Now): void =>
  finish(state, task, 'cancelled', { error: cancelledError(task.cancelReason ?? '') }, now);

/** An attempt failed: the task is cancelled if that was asked, dead if it had its last attempt, else it waits. */
export const failAttempt = (state: State, task: Task, error: TaskError, now: Now): void => {
  task.failures += 1;
  task.error = error;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else if (!error.retry || task.failures >= task.attempts) {
    finish(state, task, 'dead', { error }, now);
  } else {
    retryLater(state, task, retryDelayMs(task.failures, jitterOf(task)), now);
  }
};

/** The grant came back without having been run to an end; nothing is counted against the task. */
export const returnUncounted = (state: State, task: Task, now: Now): void => {
  task.returns += 1;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else {
    returnToReady(state, task);
  }
};

/** Its worker was lost. A task that takes three workers with it is dead; an item cannot harm anyone. */
export const loseAttempt = (state: State, task: Task, now: Now): void => {
  task.losses += 1;
  task.lane.queue.counters.losses += 1;
  if (task.cancelRequested) {
    finishCancelled(state, task, now);
  } else if (task.losses >= limits.lossesMax && !task.lane.isItems) {
    finish(state, task, 'dead', { error: lossError }, now);
  } else {
    returnToReady(state, task);
  }
};

const apply = (state: State, task: Task, report: AttemptReport, now: Now): void => {
  switch (report.kind) {
    case 'succeeded': {
      const result = report.result === undefined ? undefined : Buffer.from(report.result);
      return finish(state, task, 'succeeded', { result }, now);
    }
    case 'released':
      return returnUncounted(state, task, now);
    case 'lost':
      return loseAttempt(state, task, now);
    default:
      // failed, timed out, and a cancellation nobody asked for
      return failAttempt(state, task, report.error ?? unknownError, now);
  }
};

/** How long a run took; not what was never run, and not a run that began before this manager did. */
const noteRunTime = (
  state: State,
  { epoch, sinceMs, task }: Lease,
  kind: AttemptReport['kind'],
  now: Now,
): void => {
  if (kind !== 'released' && kind !== 'lost' && !task.lane.isItems && epoch === state.epoch) {
    task.lane.queue.runTimes.note(now.monotonicMs - sinceMs);
  }
};

const answerStale = (task: Task, report: AttemptReport): SettleAnswer => {
  const { epoch, grant } = report;
  const isResent = task.settled?.epoch === epoch && task.settled.grant === grant;
  return isResent ? 'duplicate' : 'LEASE_LOST';
};

/** Ends one grant, if its token is the current one and this session holds it. */
export const settle = (
  state: State,
  sessionId: string,
  report: AttemptReport,
  now: Now,
): SettleAnswer => {
  const task = state.find(report.taskId);
  if (task === undefined) {
    return 'UNKNOWN_TASK';
  }
  const { lease } = task;
  const isHolder = lease?.holder.id === sessionId;
  if (!isHolder || lease?.epoch !== report.epoch || lease.grant !== report.grant) {
    return answerStale(task, report);
  }
  task.settled = lease;
  noteRunTime(state, lease, report.kind, now);
  apply(state, task, report, now);
  return 'accepted';
};
