import type { Recorded } from './history.ts';
import type { TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/** No task of a queue may be granted between the confirmation of a pause and the request to resume. */
export const dealtWhilePaused = (
  _lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const paused = new Set<string>();
  const failures: Failure[] = [];
  for (const event of history) {
    if (event.kind === 'paused') {
      paused.add(event.queue);
    } else if (event.kind === 'resume') {
      paused.delete(event.queue);
    } else if (event.kind === 'granted' && event.queue !== undefined && paused.has(event.queue)) {
      const message = `the task was granted while queue ${event.queue} was paused`;
      failures.push({ class: 'dealt while paused', task: event.task, message });
    }
  }
  return failures;
};
