import { limits } from '../words/limits.ts';
import { taskStates } from '../words/task.ts';
import { count, flag, group, integer, list, optional, requestId, text, word } from './fields.ts';
import { priority, queueName, reason, taskId, taskName } from './shared-fields.ts';
import { verb } from './verb.ts';

/** Where to go on. It means nothing to whoever was given it. */
const cursor = text(limits.cursorMaxBytes);

/** Asks for a page of tasks. */
export const listTasks = verb(80, 'listTasks', 'dialler', {
  requestId,
  queue: optional(queueName),
  name: optional(taskName),
  state: optional(word(taskStates)),
  limit: integer(1, limits.listPageMax),
  after: optional(cursor),
});

export const listedTask = group('listed task', {
  taskId,
  queue: queueName,
  name: taskName,
  state: word(taskStates),
  priority,
  failures: count,
  losses: count,
  ageMs: count,
  dueInMs: optional(count),
  error: optional(text(limits.listErrorMaxBytes)),
});

/** A page may be short, even empty, and have others behind it. */
export const taskPage = verb(81, 'taskPage', 'manager', {
  requestId,
  tasks: list(listedTask, limits.listPageMax),
  next: optional(cursor),
});

/** Adds the work of a dead task anew, under the new id, and removes the dead one. */
export const retry = verb(82, 'retry', 'dialler', { requestId, taskId, newTaskId: taskId });

export const retried = verb(83, 'retried', 'manager', { requestId });

/** Removes a dead task before its time. */
export const drop = verb(84, 'drop', 'dialler', { requestId, taskId });

export const dropped = verb(85, 'dropped', 'manager', { requestId });

/** Stops dealing from a queue, or goes on. */
export const pause = verb(86, 'pause', 'dialler', { requestId, queue: queueName, isPaused: flag });

export const paused = verb(87, 'paused', 'manager', { requestId, isPaused: flag });

/** Cancels some of what waits in a queue. */
export const purge = verb(88, 'purge', 'dialler', {
  requestId,
  queue: queueName,
  after: optional(cursor),
});

export const purged = verb(89, 'purged', 'manager', {
  requestId,
  cancelled: count,
  next: optional(cursor),
});

/** Asks that workers be drained: those of this name, or the one with this session. */
export const drainWorker = verb(90, 'drainWorker', 'dialler', {
  requestId,
  worker: text(limits.workerNameMaxBytes),
});

export const workerDraining = verb(91, 'workerDraining', 'manager', { requestId, workers: count });

/** Asks a worker to take nothing new, to finish what it has, and to end. */
export const drain = verb(92, 'drain', 'manager', { reason });
