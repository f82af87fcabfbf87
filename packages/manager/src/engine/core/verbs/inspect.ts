import type { AttemptKind, TaskError, TaskState } from '@millrace/protocol';
import { historyOf } from '../history.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { isFinished } from '../task-machine.ts';

export interface TaskInfo {
  readonly queue: string;
  readonly name: string;
  readonly version: number;
  readonly state: TaskState;
  readonly priority: number;
  readonly grant: number;
  readonly failures: number;
  readonly losses: number;
  readonly returns: number;
  readonly payloadBytes: number;
  readonly error: TaskError | undefined;
  /** Attempts that may fail before it is dead. */
  readonly attempts: number;
  /** Undefined for no limit. */
  readonly deadlineMs: number | undefined;
  readonly acceptedAgoMs: number;
  /** Only of a scheduled task. */
  readonly dueInMs: number | undefined;
  /** Only of a task that expires unless it starts. */
  readonly expiresInMs: number | undefined;
  /** Only of a task that has ended. */
  readonly finishedAgoMs: number | undefined;
  /** The last attempts, the oldest first; none for a task that succeeded at once. */
  readonly history: readonly PastAttemptInfo[];
}

/** An attempt that has ended. */
export interface PastAttemptInfo {
  readonly grant: number;
  readonly kind: AttemptKind;
  readonly worker: string;
  readonly runner: string | undefined;
  readonly beganAgoMs: number;
  readonly endedAgoMs: number;
  readonly error: TaskError | undefined;
}

/** The payload and the result of a task. */
export interface TaskData {
  /** A task that has ended lacks it, unless it is dead. */
  readonly payload: Uint8Array | undefined;
  readonly result: Uint8Array | undefined;
}

const untilMs = (atMs: number | undefined, now: Now): number | undefined =>
  atMs === undefined ? undefined : Math.max(0, Math.ceil(atMs - now.wallMs));

const sinceMs = (atMs: number, now: Now): number => Math.max(0, Math.floor(now.wallMs - atMs));

const timesOf = (task: Task, now: Now) => ({
  acceptedAgoMs: sinceMs(task.acceptedAtMs, now),
  dueInMs: task.state === 'scheduled' ? untilMs(task.dueAtMs, now) : undefined,
  expiresInMs:
    task.grants === 0 && !isFinished(task.state) ? untilMs(task.expiresAtMs, now) : undefined,
  finishedAgoMs: task.finishedAtMs === undefined ? undefined : sinceMs(task.finishedAtMs, now),
});

const pastAttempts = (state: State, task: Task, now: Now): PastAttemptInfo[] =>
  historyOf(state, task).map(({ beganAtMs, endedAtMs, ...attempt }) => ({
    ...attempt,
    beganAgoMs: sinceMs(beganAtMs, now),
    endedAgoMs: sinceMs(endedAtMs, now),
  }));

/** Returns the state, the counts and the times of a task. */
export const inspect = (state: State, taskId: string, now: Now): TaskInfo | 'UNKNOWN_TASK' => {
  const task = state.find(taskId);
  if (task === undefined) {
    return 'UNKNOWN_TASK';
  }
  return {
    queue: task.lane.queue.spec.name,
    name: task.lane.name,
    version: task.lane.version,
    state: task.state,
    priority: task.priority,
    grant: task.grants,
    failures: task.failures,
    losses: task.losses,
    returns: task.returns,
    payloadBytes: task.payloadBytes,
    error: task.error,
    attempts: task.attempts,
    deadlineMs: task.deadlineMs ?? undefined,
    ...timesOf(task, now),
    history: pastAttempts(state, task, now),
  };
};

/** The payload and the result of a task, as far as they are kept. */
export const taskData = (state: State, taskId: string): TaskData => {
  const task = state.find(taskId);
  if (task === undefined || task.isTombstone) {
    return { payload: undefined, result: undefined };
  }
  const isKept = !isFinished(task.state) || task.state === 'dead';
  return { payload: isKept ? state.payloadOf(task) : undefined, result: task.result };
};
