import type { Token } from '@millrace/protocol';
import type { Recorded } from './history.ts';

/**
 * Explains why tasks ran more than once, from the histories of the workers only. The
 * store is not asked, because its answers are under test.
 */

/** The time from the SIGKILL of a manager to the moment at which its successor listened. */
export interface Outage {
  readonly killedAtUs: number;
  readonly listeningAtUs: number;
}

export const causes = ['forgotten grant', 'returned after grace', 'unexplained'] as const;
export type Cause = (typeof causes)[number];

/** One run of a handler. */
export interface Execution {
  readonly taskId: string;
  readonly worker: string;
  readonly startedAtUs: number;
  readonly endedAtUs: number | undefined;
  readonly nonce: string | undefined;
  /** The grant of the run: the last that its worker received for this task before the run began. */
  readonly token: Token | undefined;
}

export interface Double {
  readonly taskId: string;
  readonly cause: Cause;
  readonly executions: readonly Execution[];
}

/** A little less than the grace, because the two ends of a connection notice its loss at different moments. */
const GRACE_US = 1_900_000;
/** The longest time from a grant to its flush, and to the start of its run, on a busy machine. */
const WRITE_MAX_US = 2_000_000;
const RESTART_GRACE_US = 14_900_000;

const isSame = (a: Token, b: Token): boolean =>
  a.taskId === b.taskId && a.epoch === b.epoch && a.grant === b.grant;

const executionOf = (
  started: Recorded & { kind: 'started' },
  own: readonly Recorded[],
): Execution => {
  const { atUs, pid, taskId, worker } = started;
  const granted = own.findLast(
    (line) => line.kind === 'granted' && line.token.taskId === taskId && line.atUs <= atUs,
  );
  const ended = own.find(
    (line) =>
      line.kind === 'ended' && line.taskId === taskId && line.pid === pid && line.atUs >= atUs,
  );
  return {
    taskId,
    worker,
    startedAtUs: atUs,
    endedAtUs: ended?.atUs,
    nonce: ended?.kind === 'ended' ? ended.nonce : undefined,
    token: granted?.kind === 'granted' ? granted.token : undefined,
  };
};

const taskIdOf = (line: Recorded): string | undefined => {
  if ('taskId' in line) {
    return line.taskId;
  }
  return 'token' in line ? line.token.taskId : undefined;
};

/** Groups lines by worker and task. */
const byTask = (lines: readonly Recorded[]): Map<string, Recorded[]> => {
  const groups = new Map<string, Recorded[]>();
  for (const line of lines) {
    const key = `${line.worker} ${taskIdOf(line) ?? ''}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(line);
  }
  return groups;
};

/** All runs of handlers by task, each list in the order of the starts. */
export const executionsOf = (lines: readonly Recorded[]): Map<string, Execution[]> => {
  const groups = byTask(lines);
  const executions = new Map<string, Execution[]>();
  for (const line of lines) {
    if (line.kind === 'started') {
      const own = groups.get(`${line.worker} ${line.taskId}`) ?? [];
      const ofTask = executions.get(line.taskId) ?? [];
      executions.set(line.taskId, ofTask);
      ofTask.push(executionOf(line, own));
    }
  }
  return executions;
};

/** Whether the manager accepted the report of this run. */
const wasAccepted = ({ token, worker }: Execution, lines: readonly Recorded[]): boolean =>
  lines.some(
    (line) =>
      line.kind === 'answered' &&
      line.worker === worker &&
      token !== undefined &&
      isSame(line.token, token) &&
      (line.answer === 'accepted' || line.answer === 'duplicate'),
  );

/**
 * Whether the first grant was sent but not yet on disk when the manager was killed, so
 * that the next epoch gave out the same number again. Only a kill close to the time of
 * the grant can precede its flush.
 */
const isForgotten = (first: Execution, second: Execution, outages: readonly Outage[]): boolean =>
  first.token !== undefined &&
  second.token !== undefined &&
  second.token.epoch > first.token.epoch &&
  second.token.grant <= first.token.grant &&
  outages.some(
    ({ killedAtUs }) =>
      Math.abs(killedAtUs - first.startedAtUs) < WRITE_MAX_US && killedAtUs < second.startedAtUs,
  );

/**
 * Whether the first worker was disconnected for the whole grace before the task was
 * granted again: 2 s after a lost connection, or 15 s from the moment at which a
 * restarted manager listens.
 */
const isReturned = (
  first: Execution,
  second: Execution,
  lines: readonly Recorded[],
  outages: readonly Outage[],
): boolean => {
  if (first.token === undefined || second.token === undefined) {
    return false;
  }
  if (second.token.grant <= first.token.grant) {
    return false;
  }
  const own = lines.filter(
    (line) => line.worker === first.worker && line.atUs < second.startedAtUs,
  );
  const touch = own.findLast((line) => line.kind === 'down' || line.kind === 'session');
  if (touch?.kind !== 'down') {
    return false;
  }
  const listening = outages.findLast(({ listeningAtUs }) => listeningAtUs < second.startedAtUs);
  const isSameManager = listening === undefined || listening.listeningAtUs < touch.atUs;
  return isSameManager
    ? second.startedAtUs - touch.atUs >= GRACE_US
    : second.startedAtUs - listening.listeningAtUs >= RESTART_GRACE_US;
};

const causeOf = (
  first: Execution,
  second: Execution,
  lines: readonly Recorded[],
  outages: readonly Outage[],
): Cause => {
  if (wasAccepted(first, lines)) {
    return 'unexplained';
  }
  if (isForgotten(first, second, outages)) {
    return 'forgotten grant';
  }
  return isReturned(first, second, lines, outages) ? 'returned after grace' : 'unexplained';
};

/** All executions after the first of their task, with their causes. */
export const doublesOf = (
  executions: ReadonlyMap<string, readonly Execution[]>,
  lines: readonly Recorded[],
  outages: readonly Outage[],
): Double[] => {
  const doubles: Double[] = [];
  for (const [taskId, ofTask] of executions) {
    for (const [index, second] of ofTask.entries()) {
      const first = ofTask[index - 1];
      if (first !== undefined) {
        const cause = causeOf(first, second, lines, outages);
        doubles.push({ taskId, cause, executions: ofTask });
      }
    }
  }
  return doubles;
};
