import type { EventOf, Recorded, SubmittedKey } from './history.ts';

/** The events of one task or item, in order. */
export interface TaskLife {
  readonly task: string;
  readonly what: 'task' | 'item' | 'probe' | undefined;
  readonly mayExpire: boolean;
  readonly submittedAtMs: number;
  /** The time that an attempt may take; null if there is no bound. */
  readonly deadlineMs: number | null;
  readonly isPoison: boolean;
  /** The failed attempts after which it is dead; undefined where the history does not say. */
  readonly attempts: number | undefined;
  readonly delayMs: number;
  readonly retryLeastMs: number;
  readonly version: number;
  readonly key: SubmittedKey | undefined;
  /** The task that does the work, if the producer was told that this enqueue did not make it. */
  readonly joined: string | undefined;
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
  const answers = eventsOf({ events }, 'submitted');
  const told = answers.map(({ how }) => how);
  return {
    task,
    what: submit?.what,
    mayExpire: submit?.mayExpire ?? false,
    submittedAtMs: submit?.atMs ?? 0,
    deadlineMs: submit?.deadlineMs ?? null,
    isPoison: submit?.isPoison ?? false,
    attempts: submit?.attempts,
    delayMs: submit?.delayMs ?? 0,
    retryLeastMs: submit?.retryLeastMs ?? 0,
    version: submit?.version ?? 1,
    key: submit?.key,
    joined: answers.find(({ joined }) => joined !== undefined)?.joined,
    told: told.includes('ok') ? 'ok' : told[0],
    events,
  };
};

/** Whether a consumer has the item, or may have it, so that the store may lack it. */
export const isConsumed = (life: TaskLife): boolean =>
  eventsOf(life, 'taken').some(({ isKept }) => isKept) ||
  eventsOf(life, 'acknowledge').length > eventsOf(life, 'refused').length;
