import { limits, type Outcome } from '@millrace/protocol';
import type { Task, TaskLane } from './task.ts';
import { isFinished } from './task-machine.ts';

/** How long a finished task is kept, and which part of it. */

export const retainMs: Readonly<Record<Outcome, number>> = {
  succeeded: limits.retainSucceededMs,
  dead: limits.retainDeadMs,
  cancelled: limits.retainSucceededMs,
  expired: limits.retainSucceededMs,
};

const RECORD_OVERHEAD_BYTES = 200;
const PAST_ATTEMPT_BYTES = 1_000;

/** The values of a task that decide how much of it is kept. */
type Retained = Pick<Task, 'state' | 'payloadBytes' | 'result' | 'error' | 'extras'> & {
  readonly lane: Pick<TaskLane, 'isItems'>;
};

/** A dead task keeps its payload, so that it can be retried. */
export const keepsPayload = (task: Retained): boolean =>
  task.state === 'dead' && !task.lane.isItems;

/** Bytes that a finished task takes in the store, roughly. */
export const retainedBytesOf = (task: Retained): number =>
  RECORD_OVERHEAD_BYTES +
  (keepsPayload(task) ? task.payloadBytes : 0) +
  PAST_ATTEMPT_BYTES * Math.min(task.extras?.noted ?? 0, limits.historyMax) +
  (task.result?.length ?? 0) +
  (task.error === undefined
    ? 0
    : task.error.message.length + task.error.stack.length + (task.error.details?.length ?? 0));

const SECOND_MS = 1_000;

/** Times are rounded up, so that tasks of one second share a row. */
export const wholeSecond = (atMs: number): number => Math.ceil(atMs / SECOND_MS) * SECOND_MS;

/** Until when a finished task is kept, unless the results take too much space. */
export const retainedUntilMs = ({ finishedAtMs = 0, state }: Task): number =>
  wholeSecond(finishedAtMs + (isFinished(state) ? retainMs[state] : 0));

/**
 * Until when the id of a task is known: a resent enqueue does not make it anew, and a key that it holds
 * for a time names it.
 */
export const knownUntilMs = ({ acceptedAtMs, extras }: Task): number =>
  Math.max(acceptedAtMs + limits.tombstoneMs, extras?.keyUntilMs ?? 0);
