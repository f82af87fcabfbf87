import {
  CallAborted,
  type CallOptions,
  type Clock,
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

export interface BulkOptions extends CallOptions {
  /** Most tasks in a second, so that the cause of their death is not overloaded again. Default: no bound. */
  readonly maxPerSecond?: number;
  /** Only counts the tasks, and leaves them as they are. Default false. */
  readonly isDryRun?: boolean;
}

/** The manager reports ages by its own clock, in whole milliseconds. */
const AGE_SLACK_MS = 2;

/** Whether the dead task is no longer kept: another client retried or dropped it, or its retention ended. */
export const isGone = (code: ErrorCode | undefined): boolean =>
  code === 'UNKNOWN_TASK' || code === 'RESULT_REMOVED';

/**
 * Whether the dead task is left as it is: it is gone, or another task has its idempotency key
 * and does its work. Neither must keep the call from all others.
 */
const isLeft = (code: ErrorCode | undefined): boolean => isGone(code) || code === 'KEY_IN_USE';

const isDone = async (act: Promise<unknown>): Promise<boolean> => {
  try {
    await act;
    return true;
  } catch (error) {
    if (isLeft(codeOf(error))) {
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

const SECOND_MS = 1_000;
const STEPS_PER_SECOND = 10;

/** Tasks of one step. A rate is spread over ten steps a second, or over fewer with one task each. */
const stepOf = (maxPerSecond: number): number =>
  Math.max(1, Math.min(tuning.bulkTasks, Math.floor(maxPerSecond / STEPS_PER_SECOND)));

/** @throws BAD_OPTION */
const checkBulk = (bulk: BulkOptions): void => {
  checkCall(bulk, 'a call for all dead tasks');
  const { maxPerSecond = 1 } = bulk;
  if (!(maxPerSecond > 0)) {
    throw new MillraceError(
      'BAD_OPTION',
      `maxPerSecond is a number above 0, not ${String(maxPerSecond)}`,
    );
  }
};

/** Waits, or returns early when the signal is aborted; the next step then throws. */
const pause = (clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (ms <= 0 || signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      stop();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const stop = clock.after(ms, end);
    signal?.addEventListener('abort', end);
  });

/**
 * Calls `act` for every dead task, page by page; answers how many times it did its
 * work. Tasks enqueued after the start are left alone: a retried task that dies at once
 * would come round again and again.
 *
 * @param made ids of tasks that `act` has enqueued, which are left alone. Their ages alone do not
 *   tell: the manager reads an age when it answers, so a new task may look older than the call.
 * @throws BAD_OPTION, and what `act` throws; NOT_SENT when time or signal ended the call
 *   before its first act, UNKNOWN when they ended it later
 */
export const forAllDead = async (
  port: TimedPort,
  filter: TaskFilter,
  act: (taskId: string, call: CallOptions) => Promise<unknown>,
  bulk: BulkOptions,
  made: ReadonlySet<string> = new Set(),
): Promise<number> => {
  checkBulk(bulk);
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = bulk;
  const { isDryRun = false, maxPerSecond = Number.POSITIVE_INFINITY } = bulk;
  const startedAtMs = port.clock.monotonicMs();
  const passedMs = (): number => port.clock.monotonicMs() - startedAtMs;
  const rest = (): CallOptions => callOptions(signal, timeoutMs - passedMs());
  let options: ListOptions = {
    ...filter,
    state: 'dead',
    limit: isDryRun ? tuning.bulkTasks : stepOf(maxPerSecond),
  };
  let done = 0;
  let begun = 0;
  try {
    for (;;) {
      const sinceMs = passedMs() - AGE_SLACK_MS;
      const { next, tasks } = await listTasks(port, { ...options, ...rest() });
      const old = tasks.filter(({ ageMs, id }) => ageMs >= sinceMs && !made.has(id));
      begun += old.length;
      const acts = isDryRun
        ? old.map(() => true)
        : await Promise.all(old.map(({ id }) => isDone(act(id, rest()))));
      done += acts.filter(Boolean).length;
      if (next === undefined) {
        return done;
      }
      options = { ...options, after: next };
      const dueMs = isDryRun ? 0 : (begun / maxPerSecond) * SECOND_MS;
      await pause(port.clock, Math.min(dueMs, timeoutMs) - passedMs(), signal);
      if (passedMs() >= timeoutMs) {
        throw new MillraceError('TIMEOUT', `${timeoutMs} ms have passed, and more tasks are left`);
      }
    }
  } catch (error) {
    throw stoppedAfter(begun, error);
  }
};
