import { type EventOf, isSameGrant, type Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/** Waits are counted in whole milliseconds of the wall clock. */
const CLOCK_MS = 1;
const noFailures: readonly string[] = ['succeeded', 'released', 'lost'];

/** The end of the wait that follows a settled attempt: that of its handler, or that of the task's policy. */
const waitEndOf = (life: TaskLife, { as, atMs, token }: EventOf<'settled'>): number => {
  const end = eventsOf(life, 'end').find((event) => isSameGrant(event.token, token));
  return atMs + (end?.waitMs ?? (as === 'snoozed' ? 0 : life.retryLeastMs));
};

const earlyGrantOf = (life: TaskLife): string | undefined => {
  let notBeforeMs = life.submittedAtMs + life.delayMs;
  let asked = 'its producer asked for';
  for (const event of life.events) {
    if (event.kind === 'settled' && event.answer === 'accepted' && !noFailures.includes(event.as)) {
      notBeforeMs = waitEndOf(life, event);
      asked = `follows an attempt that ${event.as}`;
    } else if (event.kind === 'granted' && event.atMs < notBeforeMs - CLOCK_MS) {
      const { epoch, grant } = event.token;
      const earlyMs = Math.round(notBeforeMs - event.atMs);
      return `grant ${epoch}.${grant} came ${earlyMs} ms before the end of the wait that ${asked}`;
    }
  }
  return undefined;
};

/**
 * A task is granted neither before the wait of its producer nor before the wait after an attempt
 * has passed. Waits are counted on the wall clock, so a history in which a clock was stepped is
 * not judged.
 */
export const grantedEarly = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] =>
  history.some((event) => event.kind === 'fault' && event.fault === 'step wall')
    ? []
    : lives.flatMap((life): Failure[] => {
        const message = life.what === 'task' ? earlyGrantOf(life) : undefined;
        return message === undefined ? [] : [{ class: 'granted early', task: life.task, message }];
      });
