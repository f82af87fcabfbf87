import { type EventOf, isSameGrant, type Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure, FailureClass } from './verdict.ts';

/**
 * The rules of keys. Only the order of events counts as a proof: an enqueue reached the manager
 * somewhere between its submission and its answer.
 */

/** Positions of events in the history. */
type Places = ReadonlyMap<Recorded, number>;

const placesOf = (history: readonly Recorded[]): Places =>
  new Map(history.map((event, place) => [event, place]));

const hasKeys = (lives: readonly TaskLife[]): boolean => lives.some(({ key }) => key !== undefined);

const answerOf = (life: TaskLife): EventOf<'submitted'> | undefined =>
  eventsOf(life, 'submitted').find(({ how }) => how === 'ok');

const failure = (failureClass: FailureClass, task: string, message: string): Failure => ({
  class: failureClass,
  task,
  message,
});

/** A part of the history, by the places of its ends. */
interface Span {
  readonly task: string;
  readonly from: number;
  readonly to: number;
}

/** When a task certainly held its key, from its answer or an earlier grant on. */
const heldIn = (life: TaskLife, places: Places): Span | undefined => {
  const answer = answerOf(life);
  const grants = eventsOf(life, 'granted');
  const [firstGrant] = grants;
  if (answer === undefined || firstGrant === undefined || life.joined !== undefined) {
    return undefined;
  }
  const placeOf = (event: Recorded): number => places.get(event) ?? 0;
  const { task } = life;
  if (life.key?.holds === 'until granted') {
    return { task, from: placeOf(answer), to: placeOf(firstGrant) };
  }
  const accepted = eventsOf(life, 'settled').filter((settled) => settled.answer === 'accepted');
  return {
    task,
    from: Math.min(placeOf(answer), placeOf(firstGrant)),
    to: Math.max(...[...grants, ...accepted].map(placeOf)),
  };
};

const groupedByKey = (lives: readonly TaskLife[]): TaskLife[][] => {
  const groups = new Map<string, TaskLife[]>();
  for (const life of lives) {
    if (life.key !== undefined) {
      const group = groups.get(life.key.name) ?? [];
      group.push(life);
      groups.set(life.key.name, group);
    }
  }
  return [...groups.values()];
};

/** Two tasks that were new although each held the key when the other was made. */
const overlapping = (group: readonly TaskLife[], places: Places): Failure[] => {
  const spans = group.flatMap((life) => heldIn(life, places) ?? []);
  return spans.flatMap((one, index) =>
    spans
      .slice(index + 1)
      .filter((other) => one.from < other.to && other.from < one.to)
      .map((other) =>
        failure('done twice', other.task, `the task is new, although task ${one.task} has its key`),
      ),
  );
};

/** A task that was new in the time for which the key of another was held. */
const withinTheTime = (group: readonly TaskLife[], places: Places): Failure[] => {
  const made = group.filter((life) => life.told === 'ok' && life.joined === undefined);
  return made.flatMap((first) => {
    const { key, submittedAtMs } = first;
    const forMs = typeof key?.holds === 'number' ? key.holds : 0;
    const answered = answerOf(first);
    return made
      .filter((later) => {
        const answer = answerOf(later);
        const [submit] = eventsOf(later, 'submit');
        return (
          answered !== undefined &&
          answer !== undefined &&
          submit !== undefined &&
          (places.get(answered) ?? 0) < (places.get(submit) ?? 0) &&
          answer.atMs < submittedAtMs + forMs
        );
      })
      .map(({ task }) =>
        failure('done twice', task, `the task is new within ${forMs} ms after task ${first.task}`),
      );
  });
};

/** A key for a time is counted on the wall clock, so it is not judged where a clock was stepped. */
export const doneTwice = (lives: readonly TaskLife[], history: readonly Recorded[]): Failure[] => {
  if (!hasKeys(lives)) {
    return [];
  }
  const places = placesOf(history);
  const isSteady = !history.some((event) => event.kind === 'fault' && event.fault === 'step wall');
  return groupedByKey(lives).flatMap((group) => {
    const isTimed = typeof group[0]?.key?.holds === 'number';
    if (isTimed) {
      return isSteady ? withinTheTime(group, places) : [];
    }
    return overlapping(group, places);
  });
};

const isThere = (life: TaskLife): boolean =>
  ['granted', 'visible', 'stored'].some((kind) => life.events.some((event) => event.kind === kind));

const wrongJoin = (life: TaskLife, other: TaskLife | undefined): string | undefined => {
  if (other === undefined || !isThere(other)) {
    return `the producer was answered with task ${life.joined}, which does not exist`;
  }
  if (other.key?.name !== life.key?.name) {
    return `the producer was answered with task ${life.joined}, which has another key`;
  }
  return isThere(life)
    ? `the producer was answered with task ${life.joined}, but the enqueue made a task, too`
    : undefined;
};

/** An enqueue that made no task is answered with a task that exists and has the same key. */
export const joinedNothing = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const isOver = history.some(({ kind }) => kind === 'drained');
  const byTask = new Map(lives.map((life) => [life.task, life]));
  return lives
    .filter(({ joined }) => isOver && joined !== undefined)
    .flatMap((life) => {
      const message = wrongJoin(life, byTask.get(life.joined ?? ''));
      return message === undefined ? [] : [failure('joined nothing', life.task, message)];
    });
};

/** Whether an input was in force before another was submitted, so that the other replaced it. */
const wasReplacedBy = (input: TaskLife, later: TaskLife, places: Places): boolean => {
  const [answer, [submit]] = [answerOf(input), eventsOf(later, 'submit')];
  return (
    answer !== undefined &&
    submit !== undefined &&
    (places.get(answer) ?? 0) < (places.get(submit) ?? 0)
  );
};

/** What must not have been replaced when a run used it: the inputs acknowledged before its grant, or all if its result counts. */
const mattered = (
  life: TaskLife,
  start: EventOf<'start'>,
  joined: readonly TaskLife[],
  places: Places,
): readonly TaskLife[] => {
  const counts = eventsOf(life, 'visible').some(({ value }) => value === start.run);
  const granted = eventsOf(life, 'granted').find(({ token }) => isSameGrant(token, start.token));
  const grantedAt = granted === undefined ? 0 : (places.get(granted) ?? 0);
  return joined.filter((part) => {
    const answer = answerOf(part);
    return counts || (answer !== undefined && (places.get(answer) ?? 0) < grantedAt);
  });
};

/**
 * A task whose input is replaced until it is granted runs with the last input. An enqueue that
 * was answered became part of the task, so no earlier input may produce the result.
 */
export const staleInput = (lives: readonly TaskLife[], history: readonly Recorded[]): Failure[] => {
  const replaceable = lives.filter(({ key }) => key?.holds === 'until granted');
  if (replaceable.length === 0) {
    return [];
  }
  const places = placesOf(history);
  const byTask = new Map(lives.map((life) => [life.task, life]));
  return replaceable.flatMap((life) => {
    const joined = replaceable.filter((other) => other.joined === life.task);
    return eventsOf(life, 'start').flatMap((start) => {
      const input = byTask.get(start.input ?? life.task);
      const later =
        input &&
        mattered(life, start, joined, places).find((part) => wasReplacedBy(input, part, places));
      return later === undefined
        ? []
        : [
            failure(
              'stale input',
              life.task,
              `run ${start.run} had input ${start.input}, which ${later.task} had replaced`,
            ),
          ];
    });
  });
};
