import { eventsOf, type TaskLife } from './lives.ts';

export const countClasses = ['re-executed', 'redelivered', 'recovered'] as const;
export type CountClass = (typeof countClasses)[number];

/** The number of runs after the first, without those that follow a failed attempt or a fence. */
const reExecutions = (life: TaskLife): number => {
  const starts = eventsOf(life, 'start').length;
  const retried = eventsOf(life, 'settled').filter(
    ({ answer, as }) => answer === 'accepted' && as !== 'succeeded',
  ).length;
  const fenced = eventsOf(life, 'fenced').length;
  return Math.max(0, starts - 1 - retried - fenced);
};

/** How often a reader saw an outcome, or got an item, that the same reader already had. */
const redeliveries = (life: TaskLife): number => {
  const readers = [...eventsOf(life, 'visible'), ...eventsOf(life, 'taken')].map((event) =>
    event.kind === 'taken' ? `${event.reader} ${event.isKept}` : event.reader,
  );
  return readers.length - new Set(readers).size;
};

/** Whether the producer did not know that the task was stored, and it was. */
const isRecovered = (life: TaskLife): boolean =>
  life.told !== 'ok' &&
  life.told !== 'fail' &&
  (eventsOf(life, 'visible').length > 0 || eventsOf(life, 'taken').length > 0);

const sum = (lives: readonly TaskLife[], of: (life: TaskLife) => number): number =>
  lives.reduce((total, life) => total + of(life), 0);

export const counts = (lives: readonly TaskLife[]): Record<CountClass, number> => ({
  're-executed': sum(lives, reExecutions),
  redelivered: sum(lives, redeliveries),
  recovered: lives.filter(isRecovered).length,
});
