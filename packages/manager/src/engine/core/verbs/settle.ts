import type { AttemptKind, TaskError, Token } from '@millrace/protocol';
import type { Now, State } from '../state.ts';
import type { Lease, Task } from '../task.ts';
import {
  failAttempt,
  loseAttempt,
  noteSettled,
  returnUncounted,
  snooze,
  succeed,
} from '../transitions.ts';

/** How a run ended, as its worker reports it. */
export interface AttemptReport extends Token {
  readonly kind: AttemptKind;
  readonly result: Uint8Array | undefined;
  readonly error: TaskError | undefined;
  /** The wait that the handler asks for; only for a failed or snoozed attempt. */
  readonly waitMs?: number | undefined;
  readonly runner?: string | undefined;
}

export interface SettleRequest {
  readonly sessionId: string;
  readonly reports: readonly AttemptReport[];
}

export type SettleAnswer = 'accepted' | 'duplicate' | 'LEASE_LOST' | 'UNKNOWN_TASK';

const unknownError: TaskError = {
  name: 'UnknownError',
  message: 'the worker gave no reason',
  stack: '',
  retry: true,
};

/** The error, with details that outlive the frame that they came in. */
const kept = (error: TaskError): TaskError =>
  error.details === undefined ? error : { ...error, details: Buffer.from(error.details) };

const apply = (state: State, task: Task, report: AttemptReport, now: Now): void => {
  const { kind, runner, waitMs } = report;
  switch (kind) {
    case 'succeeded': {
      const result = report.result === undefined ? undefined : Buffer.from(report.result);
      return succeed(state, task, result, { kind, runner }, now);
    }
    case 'snoozed':
      return snooze(state, task, waitMs ?? 0, { kind, runner }, now);
    case 'released':
      return returnUncounted(state, task, now);
    case 'lost':
      return loseAttempt(state, task, false, now);
    default: {
      // Failed, timed out or cancelled: the task is cancelled only if its cancellation was requested.
      const error = kept(report.error ?? unknownError);
      return failAttempt(state, task, { kind, error, runner, waitMs }, now);
    }
  }
};

/**
 * Counts the time of a run that was neither released nor lost. Items have no runs; a run of an
 * earlier epoch began at an unknown time.
 */
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

const settleOne = (
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
  const { epoch, grant } = report;
  if (lease?.holder.id === sessionId && lease.epoch === epoch && lease.grant === grant) {
    noteSettled(task, report);
    noteRunTime(state, lease, report.kind, now);
    apply(state, task, report, now);
    return 'accepted';
  }
  return task.settledEpoch === epoch && task.settledGrant === grant ? 'duplicate' : 'LEASE_LOST';
};

/** Ends grants, each if its token is the current one and this session holds it. */
export const settle = (
  state: State,
  { reports, sessionId }: SettleRequest,
  now: Now,
): SettleAnswer[] => reports.map((report) => settleOne(state, sessionId, report, now));
