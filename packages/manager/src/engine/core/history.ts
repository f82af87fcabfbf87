import { limits } from '@millrace/protocol';
import { historyKey } from './rows/keys.ts';
import {
  decodePastAttempt,
  encodePastAttempt,
  type PastAttempt,
} from './rows/past-attempt-record.ts';
import type { State } from './state.ts';
import type { Task } from './task.ts';

/**
 * The history of a task consists of its last attempts, each in a row of its own. The rows form a
 * ring: a new attempt takes the place of the oldest, and the write of a row needs no read.
 */

const notedIn = ({ extras }: Task): number => extras?.noted ?? 0;

/** Number of rows in the history of a task. */
export const historyLengthOf = (task: Task): number => Math.min(notedIn(task), limits.historyMax);

const rowOf = (task: Task, index: number): string => historyKey(task.id, index % limits.historyMax);

/** Writes an attempt at the end of its task's history. The caller raises the count in the task. */
export const writePastAttempt = (state: State, task: Task, attempt: PastAttempt): void =>
  state.side.put(state.batch, rowOf(task, notedIn(task)), encodePastAttempt(attempt));

export const removeHistory = (state: State, task: Task): void => {
  for (let index = 0; index < historyLengthOf(task); index++) {
    state.side.remove(state.batch, rowOf(task, index));
  }
};

/** The attempts that are kept, the oldest first. */
export const historyOf = (state: State, task: Task): PastAttempt[] => {
  const noted = notedIn(task);
  const attempts: PastAttempt[] = [];
  for (let index = noted - historyLengthOf(task); index < noted; index++) {
    const row = state.side.get(rowOf(task, index));
    if (row !== undefined) {
      attempts.push(decodePastAttempt(row));
    }
  }
  return attempts;
};
