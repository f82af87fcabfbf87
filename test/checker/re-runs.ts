import { type EventOf, type Grant, isSameGrant, type Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/** Whether the manager ended the grant of this run in a way that allows another run. */
const wasReturned = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'settled').some(
    ({ answer, as, token }) =>
      (answer === 'accepted' || answer === 'pending') &&
      as !== 'succeeded' &&
      isSameGrant(token, first.token),
  );

/** The message of a failure if the task was granted after its success was accepted. */
const grantAfterSuccess = ({ events }: TaskLife): string | undefined => {
  let ended: Grant | undefined;
  for (const event of events) {
    if (event.kind === 'settled' && event.answer === 'accepted' && event.as === 'succeeded') {
      ended = event.token;
    } else if (event.kind === 'granted' && ended !== undefined) {
      const [of, again] = [ended, event.token].map(({ epoch, grant }) => `${epoch}.${grant}`);
      return `the task was granted under ${again} after its success under ${of} was accepted`;
    }
  }
  return undefined;
};

/** The runs in the order of their grants. A worker may begin late, under a grant that was fenced meanwhile. */
const startsInOrder = (life: TaskLife): EventOf<'start'>[] => {
  const grants = eventsOf(life, 'granted');
  const placeOf = ({ token }: EventOf<'start'>): number => {
    const place = grants.findIndex((granted) => isSameGrant(granted.token, token));
    return place < 0 ? grants.length : place;
  };
  return eventsOf(life, 'start').toSorted((a, b) => placeOf(a) - placeOf(b));
};

/**
 * The message of a failure if a task ran again before the first fault of the history,
 * although the earlier run neither failed nor was fenced.
 */
const reRunInCalm = (life: TaskLife, firstFaultAtMs: number): string | undefined => {
  const starts = startsInOrder(life);
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
    : `run ${starts[again]?.run} began, although run ${starts[again - 1]?.run} had met no fault`;
};

/** An outage that is shorter than the grace of a session is no reason to run a task again, nor are strangers. */
const harmless: readonly string[] = ['blink worker', 'crowd'];

/** Tasks that ran again without a reason. */
export const spuriousReRuns = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const firstFaultAtMs =
    history.find((event) => event.kind === 'fault' && !harmless.includes(event.fault))?.atMs ??
    Number.POSITIVE_INFINITY;
  return lives.flatMap((life) => {
    const message = grantAfterSuccess(life) ?? reRunInCalm(life, firstFaultAtMs);
    return message === undefined
      ? []
      : [{ class: 'spurious re-run', task: life.task, message } as const];
  });
};

const isFenced = (life: TaskLife, first: EventOf<'start'>): boolean =>
  eventsOf(life, 'fenced').some(({ token }) => isSameGrant(token, first.token));
