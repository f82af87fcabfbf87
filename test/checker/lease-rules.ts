import { type EventOf, type Grant, isSameGrant, type Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/** A task is dead after this many workers were lost while they held it. */
const LOSSES_MAX = 3;
/** After this many losses a task is dead even if its neighbours may be to blame. */
const LOSSES_ALL_MAX = 10;

/** After a confirmed cancellation no grant may follow. An earlier success may stand. */
export const wasGrantedAfterCancel = ({ events }: TaskLife): string | undefined => {
  const cancelled = events.findIndex(({ kind }) => kind === 'cancelled');
  const again = events.findLastIndex(({ kind }) => kind === 'granted');
  return cancelled >= 0 && again > cancelled
    ? 'the cancellation was confirmed, and later the task was granted again'
    : undefined;
};

/** A deadline ends a lease only after the deadline has passed, even when wall clocks jump. */
export const earlyFence = (life: TaskLife): string | undefined => {
  // The fence of a task without a deadline in the history cannot be judged.
  const deadlineMs = life.deadlineMs ?? 0;
  const isEarly = (fenced: EventOf<'fenced'>): boolean =>
    eventsOf(life, 'granted').some(
      ({ atMs, token }) => isSameGrant(token, fenced.token) && fenced.atMs < atMs + deadlineMs,
    );
  const early = eventsOf(life, 'fenced').find(isEarly);
  return early === undefined
    ? undefined
    : `grant ${early.token.epoch}.${early.token.grant} was fenced before its deadline`;
};

const settledFor: readonly string[] = ['accepted', 'duplicate'];
/** Ends of attempts that are no failures. */
const harmlessEnds: readonly string[] = ['succeeded', 'released', 'snoozed', 'lost'];

const textOf = ({ epoch, grant }: Grant): string => `${epoch}.${grant}`;

/**
 * Reports of failures that the manager's engine took. One whose answer is pending may be on disk
 * or lost with a crash.
 */
const failuresOf = (life: TaskLife): EventOf<'settled'>[] =>
  eventsOf(life, 'settled').filter(
    ({ answer, as }) =>
      (settledFor.includes(answer) || answer === 'pending') && !harmlessEnds.includes(as),
  );

/** Grants whose end no report explains, so that a lost worker may have ended them. */
const unexplainedGrants = (life: TaskLife): number => {
  const explained = new Set(
    eventsOf(life, 'settled')
      .filter(({ answer, as }) => settledFor.includes(answer) && as !== 'lost')
      .map(({ token }) => textOf(token)),
  );
  return eventsOf(life, 'granted').filter(({ token }) => !explained.has(textOf(token))).length;
};

/**
 * A task dies after as many failed attempts as it has, after a failure that forbids another
 * attempt, or after lost workers. A returned grant counts as neither, nor does an attempt that
 * put the task off. A task with a deadline cannot be judged: its fence may be lost with a manager
 * that crashed.
 */
export const undeservedDeath = (life: TaskLife): string | undefined => {
  const isDead = eventsOf(life, 'visible').some(({ outcome }) => outcome === 'dead');
  if (!isDead || life.deadlineMs !== null || unexplainedGrants(life) >= LOSSES_MAX) {
    return undefined;
  }
  const failures = failuresOf(life);
  const failed = new Set(failures.map(({ token }) => textOf(token))).size;
  const { attempts = 1 } = life;
  return failed >= attempts || failures.some(({ isFinal }) => isFinal === true)
    ? undefined
    : `the task is dead after ${failed} failed attempts of ${attempts}, in ${eventsOf(life, 'granted').length} grants`;
};

/** Faults that end or cut off no worker but those of poisonous tasks. */
const sparing: readonly string[] = ['poison', 'blink worker'];

/**
 * The neighbours of a poisonous task that died with it. Where no other fault hit a worker,
 * nothing but the poison explains their losses.
 */
export const poisonedNeighbours = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const faults = history.flatMap((event) => (event.kind === 'fault' ? [event.fault] : []));
  const isPoisoned = faults.includes('poison') && faults.every((fault) => sparing.includes(fault));
  const isDead = (life: TaskLife): boolean =>
    eventsOf(life, 'visible').some(({ outcome }) => outcome === 'dead');
  const hasAnExcuse = (life: TaskLife): boolean =>
    eventsOf(life, 'granted').length < LOSSES_ALL_MAX;
  return lives
    .filter((life) => isPoisoned && isDead(life) && hasAnExcuse(life))
    .filter((life) => !life.isPoison && life.deadlineMs === null && failuresOf(life).length === 0)
    .map(({ task }) => ({
      class: 'undeserved death',
      task,
      message: 'the task is dead, although it never failed and only a neighbour ended its workers',
    }));
};
