import type { DropAnswer, NewTask, RetryAnswer, RetryRequest } from '../../engine.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { dropResult } from '../transitions.ts';
import { enqueue } from './enqueue.ts';

type Refusal = Exclude<DropAnswer, 'dropped'>;

/** A dead task that is still kept, or why it is none. */
const findDead = (state: State, taskId: string): Task | Refusal => {
  const task = state.find(taskId);
  if (task === undefined) {
    return { refused: 'UNKNOWN_TASK', message: `no task ${taskId}, or it was removed` };
  }
  if (task.isTombstone) {
    return { refused: 'RESULT_REMOVED', message: `task ${taskId} ended, and is no longer kept` };
  }
  if (task.state !== 'dead') {
    return { refused: 'TASK_NOT_DEAD', message: `task ${taskId} is ${task.state}` };
  }
  return task;
};

/** The same work under another id, with its attempts counted anew. */
const anew = (state: State, dead: Task, taskId: string): NewTask => ({
  taskId,
  queue: dead.lane.queue.spec.name,
  name: dead.lane.name,
  payload: state.payloadOf(dead),
  priority: dead.priority,
  delayMs: 0,
  deadlineMs: dead.deadlineMs,
  attempts: dead.attempts,
  expiresInMs: dead.expiresAtMs === undefined ? undefined : dead.expiresAtMs - dead.acceptedAtMs,
});

/** Puts a dead task's work into its queue again, and removes the dead task; both or neither. */
export const retry = (state: State, request: RetryRequest, now: Now): RetryAnswer => {
  if (state.find(request.newTaskId) !== undefined) {
    return 'retried';
  }
  const dead = findDead(state, request.taskId);
  if ('refused' in dead) {
    return dead;
  }
  const answer = enqueue(state, [anew(state, dead, request.newTaskId)], now);
  if ('refused' in answer) {
    return { refused: answer.refused, message: answer.message };
  }
  dropResult(state, dead);
  return 'retried';
};

/** Forgets a dead task before its time. */
export const drop = (state: State, taskId: string): DropAnswer => {
  const dead = findDead(state, taskId);
  if ('refused' in dead) {
    return dead;
  }
  dropResult(state, dead);
  return 'dropped';
};
