import {
  CallAborted,
  type CallOptions,
  callOptions,
  checkCall,
  codeOf,
  type ErrorCode,
  MillraceError,
  messageOf,
  type TimedPort,
} from '@millrace/protocol';
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

const giveUpCodes: readonly (ErrorCode | undefined)[] = ['TIMEOUT', 'ABORTED', 'NOT_SENT'];

/** The error of one step as the error of all steps. */
const stoppedAfter = (begun: number, error: unknown): unknown => {
  if (!giveUpCodes.includes(codeOf(error))) {
    return error;
  }
  const code = begun === 0 ? 'NOT_SENT' : 'UNKNOWN';
  const message =
    begun === 0
      ? `nothing was done: ${messageOf(error)}`
      : `${begun} tasks or fewer were done: ${messageOf(error)}`;
  return error instanceof CallAborted
    ? new CallAborted(code, message, error.cause)
    : new MillraceError(code, message, { cause: error });
};

/**
 * Calls `act` for every dead task, page by page; answers how many times it did its
 * work. Tasks enqueued after the start are left alone: a retried task that dies at once
 * would come round again and again.
 *
 * @throws BAD_OPTION, and what `act` throws; NOT_SENT when time or signal ended the call
 *   before its first act, UNKNOWN when they ended it later
 */
export const forAllDead = async (
  port: TimedPort,
  filter: TaskFilter,
  act: (taskId: string, call: CallOptions) => Promise<unknown>,
  call: CallOptions,
): Promise<number> => {
  checkCall(call, 'a call for all dead tasks');
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = call;
  const startedAtMs = port.clock.monotonicMs();
  const passedMs = (): number => port.clock.monotonicMs() - startedAtMs;
  const rest = (): CallOptions => callOptions(signal, timeoutMs - passedMs());
  let options: ListOptions = { ...filter, state: 'dead', limit: tuning.bulkTasks };
  let done = 0;
  let begun = 0;
  try {
    for (;;) {
      const sinceMs = passedMs() - AGE_SLACK_MS;
      const { next, tasks } = await listTasks(port, { ...options, ...rest() });
      const old = tasks.filter(({ ageMs }) => ageMs >= sinceMs);
      begun += old.length;
      const acts = await Promise.all(old.map(({ id }) => isDone(act(id, rest()))));
      done += acts.filter(Boolean).length;
      if (next === undefined) {
        return done;
      }
      options = { ...options, after: next };
    }
  } catch (error) {
    throw stoppedAfter(begun, error);
  }
};
