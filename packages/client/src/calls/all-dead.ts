import { codeOf, type ErrorCode, type TimedPort } from '@millrace/protocol';
import { type ListOptions, listTasks, type TaskFilter } from './list-tasks.ts';
import { tuning } from './tuning.ts';

/** The manager reports ages by its own clock, in whole milliseconds. */
const AGE_SLACK_MS = 2;

/** Whether the dead task is no longer kept: another client retried or dropped it, or its retention ended. */
export const isGone = (code: ErrorCode | undefined): boolean =>
  code === 'UNKNOWN_TASK' || code === 'RESULT_REMOVED';

const isDone = async (act: Promise<unknown>): Promise<boolean> => {
  try {
    await act;
    return true;
  } catch (error) {
    if (isGone(codeOf(error))) {
      return false;
    }
    throw error;
  }
};

/**
 * Calls `act` for every dead task, page by page; answers how many times it did its
 * work. Tasks enqueued after the start are left alone: a retried task that dies at once
 * would come round again and again.
 *
 * @throws BAD_OPTION, and what `act` throws
 */
export const forAllDead = async (
  port: TimedPort,
  filter: TaskFilter,
  act: (taskId: string) => Promise<unknown>,
): Promise<number> => {
  const startedAtMs = port.clock.monotonicMs();
  let options: ListOptions = { ...filter, state: 'dead', limit: tuning.bulkTasks };
  let done = 0;
  for (;;) {
    const sinceMs = port.clock.monotonicMs() - startedAtMs - AGE_SLACK_MS;
    const { next, tasks } = await listTasks(port, options);
    const old = tasks.filter(({ ageMs }) => ageMs >= sinceMs);
    const acts = await Promise.all(old.map(({ id }) => isDone(act(id))));
    done += acts.filter(Boolean).length;
    if (next === undefined) {
      return done;
    }
    options = { ...options, after: next };
  }
};
