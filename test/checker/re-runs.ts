import type { EventOf, Grant, Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

const isSame = (a: Grant, b: Grant): boolean => a.epoch === b.epoch && a.grant === b.grant;

/** The manager ended the grant of this run in a way that asks for another. */
const wasReturned = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as, token }) =>
      (answer === 'accepted' || answer === 'pending') &&
      as !== 'succeeded' &&
      isSame(token, first.token),
  );

/** A grant after the success that ended the task. */
const grantAfterSuccess = ({ events }: TaskLife): string | undefined => {
  let ended: Grant | undefined;
  for (const event of events) {
    if (event.kind === 'settled' && event.answer === 'accepted' && event.as === 'succeeded') {
      ended = event.token;
    } else if (event.kind === 'granted' && ended !== undefined) {
      const [of, again] = [ended, event.token].map(({ epoch, grant }) => `${epoch}.${grant}`);
      return `it was granted under ${again} although the success of ${of} had been accepted`;
    }
  }
  return undefined;
};

/**
 * A second run before anything had gone wrong, although the first neither failed
 * nor was fenced off.
 */
const reRunInCalm = (life: TaskLife, firstFaultAtMs: number): string | undefined => {
  const starts = eventsOf(life, 'start');
  const again = starts.findIndex((start, index) => {
    const first = starts[index - 1];
    return (
      first !== undefined &&
      start.atMs < firstFaultAtMs &&
      !wasReturned(life, first) &&
      !isFenced(life, first)
    );
  });
  return again < 0
    ? undefined
    : `run ${starts[again]?.run} began, and nothing had gone wrong with ${starts[again - 1]?.run}`;
};

/** Runs again without a reason. */
export const spuriousReRuns = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const firstFaultAtMs =
    history.find(({ kind }) => kind === 'fault')?.atMs ?? Number.POSITIVE_INFINITY;
  return lives.flatMap((life) => {
    const message = grantAfterSuccess(life) ?? reRunInCalm(life, firstFaultAtMs);
    return message === undefined
      ? []
      : [{ class: 'spurious re-run', task: life.task, message } as const];
  });
};

const isFenced = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'fenced').some(({ token }) => isSame(token, first.token));
