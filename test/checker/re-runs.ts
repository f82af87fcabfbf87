import type { Failure } from './checker.ts';
import type { EventOf, Grant, Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';

const isSame = (a: Grant, b: Grant): boolean => a.epoch === b.epoch && a.grant === b.grant;

/** The manager ended the grant of this run in a way that asks for another. */
const wasReturned = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as, token }) =>
      (answer === 'accepted' || answer === 'pending') &&
      as !== 'succeeded' &&
      isSame(token, first.token),
  );

const wasAccepted = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as, token }) =>
      answer === 'accepted' && as === 'succeeded' && isSame(token, first.token),
  );

/**
 * Runs again without a reason: after its success was accepted, or in a history
 * in which nothing had gone wrong until then. A run that outlived its deadline
 * was fenced off, which is a reason.
 */
export const spuriousReRuns = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const firstFaultAtMs = history.find(({ kind }) => kind === 'fault')?.atMs;
  return lives.flatMap((life) => {
    const starts = eventsOf(life, 'start');
    return starts.slice(1).flatMap((again, index): Failure[] => {
      const first = starts[index];
      if (first === undefined) {
        return [];
      }
      const isCalm = firstFaultAtMs === undefined || again.atMs < firstFaultAtMs;
      const hadSuccess = wasAccepted(life, first);
      return hadSuccess || (isCalm && !wasReturned(life, first) && !isFenced(life, first))
        ? [
            {
              class: 'spurious re-run',
              task: life.task,
              message: messageOf(first, again, hadSuccess),
            },
          ]
        : [];
    });
  });
};

const isFenced = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, token }) => answer === 'LEASE_LOST' && isSame(token, first.token),
  ) || !eventsOf(life, 'end').some(({ run }) => run === first.run);

const messageOf = (
  first: EventOf<'start'>,
  again: EventOf<'start'>,
  hadSuccess: boolean,
): string =>
  hadSuccess
    ? `run ${again.run} began although the success of ${first.run} had been accepted`
    : `run ${again.run} began, and nothing had gone wrong with ${first.run}`;
