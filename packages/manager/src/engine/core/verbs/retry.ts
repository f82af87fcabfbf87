import type { DeadRefusal } from '../dead-task.ts';
import { findDead } from '../dead-task.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { holderOf, placeOfKey } from '../task-keys.ts';
import { dropResult } from '../transitions.ts';
import type { Addition } from './admission-plan.ts';
import { add, type EnqueueRefusal } from './enqueue.ts';

export interface RetryRequest {
  readonly taskId: string;
  /** Id of the task that does the work again. */
  readonly newTaskId: string;
  /** Replaces the payload of the dead task. */
  readonly payload?: Uint8Array | undefined;
  /** Whether the new task goes without the idempotency key of the dead one. */
  readonly withoutKey?: boolean | undefined;
}

export type RetryAnswer =
  | 'retried'
  | { readonly refused: DeadRefusal | EnqueueRefusal | 'KEY_IN_USE'; readonly message: string };

const optionsOf = (
  { extras, lane: { version } }: Task,
  { withoutKey = false }: RetryRequest,
): Addition['options'] => {
  if (extras === undefined && version === 1) {
    return undefined;
  }
  const { key, retryPolicy } = extras ?? {};
  return {
    ...(version === 1 ? {} : { version }),
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...(key === undefined || withoutKey ? {} : { once: { key, forMs: undefined } }),
  };
};

/** The refusal of a retry whose work another task does already. */
const keyInUse = (dead: Task, holder: string): RetryAnswer => ({
  refused: 'KEY_IN_USE',
  message: `task ${holder} has the idempotency key of task ${dead.id} now: let it do the work, or retry without the key`,
});

/** What the same work takes along. */
const extrasOf = ({ extras, workId }: Task): Addition['extras'] => ({
  workId,
  ...(extras?.schedule === undefined ? {} : { schedule: extras.schedule, run: extras.run ?? 0 }),
});

/** The same work under another id, with its attempts counted anew. */
const anew = (state: State, dead: Task, request: RetryRequest): Addition => ({
  taskId: request.newTaskId,
  queue: dead.lane.queue.spec.name,
  name: dead.lane.name,
  payload: request.payload ?? state.payloadOf(dead),
  priority: dead.priority,
  delayMs: 0,
  deadlineMs: dead.deadlineMs,
  attempts: dead.attempts,
  expiresInMs: dead.expiresAfterMs,
  options: optionsOf(dead, request),
  // Its losses are counted anew like its attempts, so those that were excused stay behind.
  // Other input is other work.
  ...(request.payload === undefined ? { extras: extrasOf(dead) } : {}),
});

const retryOne = (state: State, request: RetryRequest, now: Now): RetryAnswer => {
  // A known new id means that this was done before, and only the answer was lost.
  if (state.find(request.newTaskId) !== undefined) {
    return 'retried';
  }
  const dead = findDead(state, request.taskId);
  if ('refused' in dead) {
    return dead;
  }
  const place = placeOfKey(dead);
  const holder = place && request.withoutKey !== true ? holderOf(state, place, now) : undefined;
  if (holder !== undefined) {
    return keyInUse(dead, holder);
  }
  const answer = add(state, [anew(state, dead, request)], now);
  if ('refused' in answer) {
    return { refused: answer.refused, message: answer.message };
  }
  dropResult(state, dead);
  return 'retried';
};

/**
 * Adds the work of dead tasks anew, under other ids, and removes the dead tasks; for
 * each of them both or neither.
 */
export const retry = (state: State, requests: readonly RetryRequest[], now: Now): RetryAnswer[] =>
  requests.map((request) => retryOne(state, request, now));
