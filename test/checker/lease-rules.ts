import { type EventOf, isSameGrant, type Recorded } from './history.ts';
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

const ended: readonly string[] = ['accepted', 'pending'];

/** Whether the manager's engine recorded a failure of the task. */
const hasFailed = (life: TaskLife): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as }) => ended.includes(answer) && as !== 'succeeded' && as !== 'released',
  );

/**
 * A task dies after a failure or after lost workers, not after a returned grant. A task
 * with a deadline cannot be judged: its fence may be lost with a manager that crashed.
 */
export const undeservedDeath = (life: TaskLife): string | undefined => {
  const isDead = eventsOf(life, 'visible').some(({ outcome }) => outcome === 'dead');
  const grants = eventsOf(life, 'granted').length;
  return isDead && life.deadlineMs === null && !hasFailed(life) && grants < LOSSES_MAX
    ? `the task is dead after ${grants} grants, none of which failed`
    : undefined;
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
    .filter((life) => !life.isPoison && life.deadlineMs === null && !hasFailed(life))
    .map(({ task }) => ({
      class: 'undeserved death',
      task,
      message: 'the task is dead, although it never failed and only a neighbour ended its workers',
    }));
};
