import type { EventOf, Grant } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';

/** So many workers lost with it make a task dead. */
const LOSSES_MAX = 3;

const isSame = (a: Grant, b: Grant): boolean => a.epoch === b.epoch && a.grant === b.grant;

/** A success that was committed before the cancellation stands; nothing may run after it. */
export const wasGrantedAfterCancel = ({ events }: TaskLife): string | undefined => {
  const cancelled = events.findIndex(({ kind }) => kind === 'cancelled');
  const again = events.findLastIndex(({ kind }) => kind === 'granted');
  return cancelled >= 0 && again > cancelled
    ? 'its cancellation was confirmed, and it was granted again'
    : undefined;
};

/** A lease ends by its deadline only after the deadline, whatever wall clocks do. */
export const earlyFence = (life: TaskLife): string | undefined => {
  // A fence of what has no deadline, as far as the history knows, cannot be judged.
  const deadlineMs = life.deadlineMs ?? 0;
  const isEarly = (fenced: EventOf<'fenced'>): boolean =>
    eventsOf(life, 'granted').some(
      ({ atMs, token }) => isSame(token, fenced.token) && fenced.atMs < atMs + deadlineMs,
    );
  const early = eventsOf(life, 'fenced').find(isEarly);
  return early === undefined
    ? undefined
    : `grant ${early.token.epoch}.${early.token.grant} was fenced off before its deadline`;
};

const ended: readonly string[] = ['accepted', 'pending'];

/** A failure that the manager took down, by its own account. */
const hasFailed = (life: TaskLife): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as }) => ended.includes(answer) && as !== 'succeeded' && as !== 'released',
  );

/**
 * A task dies of a failure or of its lost workers, not of a grant that came back.
 * Of one with a deadline it cannot be told: its fence may have died with a manager.
 */
export const undeservedDeath = (life: TaskLife): string | undefined => {
  const isDead = eventsOf(life, 'visible').some(({ outcome }) => outcome === 'dead');
  const grants = eventsOf(life, 'granted').length;
  return isDead && life.deadlineMs === null && !hasFailed(life) && grants < LOSSES_MAX
    ? `it is dead after ${grants} grants, none of which failed`
    : undefined;
};
