import type { EventOf, Recorded } from './history.ts';

/** The events of one task or item, in order. */
export interface TaskLife {
  readonly task: string;
  readonly what: 'task' | 'item' | 'probe' | undefined;
  readonly mayExpire: boolean;
  readonly submittedAtMs: number;
  /** The time that an attempt may take; null if there is no bound. */
  readonly deadlineMs: number | null;
  readonly isPoison: boolean;
  /** The producer's answer; `ok` if any of several answers is `ok`. */
  readonly told: EventOf<'submitted'>['how'] | undefined;
  readonly events: readonly Recorded[];
}

const taskOf = (event: Recorded): string | undefined => ('task' in event ? event.task : undefined);

const isOf =
  <K extends Recorded['kind']>(kind: K) =>
  (event: Recorded): event is EventOf<K> =>
    event.kind === kind;

/** The events of one kind. */
export const eventsOf = <K extends Recorded['kind']>(
  { events }: Pick<TaskLife, 'events'>,
  kind: K,
): EventOf<K>[] => events.filter(isOf(kind));

/** Groups a history by task. */
export const readLives = (history: readonly Recorded[]): Map<string, TaskLife> => {
  const byTask = new Map<string, Recorded[]>();
  for (const event of history) {
    const task = taskOf(event);
    if (task !== undefined) {
      const events = byTask.get(task) ?? [];
      events.push(event);
      byTask.set(task, events);
    }
  }
  return new Map([...byTask].map(([task, events]) => [task, lifeOf(task, events)]));
};

const lifeOf = (task: string, events: readonly Recorded[]): TaskLife => {
  const [submit] = eventsOf({ events }, 'submit');
  const told = eventsOf({ events }, 'submitted').map(({ how }) => how);
  return {
    task,
    what: submit?.what,
    mayExpire: submit?.mayExpire ?? false,
    submittedAtMs: submit?.atMs ?? 0,
    deadlineMs: submit?.deadlineMs ?? null,
    isPoison: submit?.isPoison ?? false,
    told: told.includes('ok') ? 'ok' : told[0],
    events,
  };
};

/** Whether a consumer has the item, or may have it, so that the store may lack it. */
export const isConsumed = (life: TaskLife): boolean =>
  eventsOf(life, 'taken').some(({ isKept }) => isKept) ||
  eventsOf(life, 'acknowledge').length > eventsOf(life, 'refused').length;
