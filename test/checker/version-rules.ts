import type { Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/**
 * A worker is given a task under a version that it takes, so this must be the version of the
 * definition with which the payload was enqueued.
 */
export const wrongVersion = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  if (!history.some((event) => event.kind === 'submit' && (event.version ?? 1) !== 1)) {
    return [];
  }
  const versions = new Map(lives.map(({ task, version }) => [task, version]));
  return lives.flatMap((life) =>
    eventsOf(life, 'start').flatMap(({ input = life.task, version = 1, worker }): Failure[] => {
      const wanted = versions.get(input) ?? 1;
      const message = `worker ${worker} was given input ${input} of version ${wanted} under version ${version}`;
      return version === wanted ? [] : [{ class: 'wrong version', task: life.task, message }];
    }),
  );
};
