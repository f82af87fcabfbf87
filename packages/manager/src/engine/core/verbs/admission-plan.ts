import type { NewTask } from '@millrace/protocol';
import type { Queue } from '../queue.ts';
import { heldKeyKey, type KeyPlace } from '../rows/keys.ts';
import type { TaskExtras } from '../rows/task-record.ts';
import type { Now, State } from '../state.ts';
import type { Task, TaskLane } from '../task.ts';
import { aliasOf, holderOf } from '../task-keys.ts';
import { isFinished } from '../task-machine.ts';

/** A task to add, with the extras that only the manager can give it. */
export interface Addition extends NewTask {
  readonly extras?: TaskExtras;
}

/** A task of a request, with its queue and its lane. */
export interface Wanted {
  readonly task: Addition;
  readonly queue: Queue;
  /** Undefined when its name or its version is new in the queue. */
  readonly lane: TaskLane | undefined;
}

/** The position of a task in the request, and the id of the task that does its work. */
export interface Existing {
  readonly index: number;
  readonly taskId: string;
}

/** A waiting task, and the last task of the request, whose payload replaces that of the waiting task. */
export interface Replacement {
  readonly task: Task;
  readonly by: Addition;
}

/** A task of the request that became part of another task. */
export interface Joined {
  readonly ownId: string;
  readonly taskId: string;
}

/** The decision about each task of one request. */
export interface Plan {
  readonly fresh: readonly Wanted[];
  /** Tasks that are not added, because another does their work. */
  readonly existing: readonly Existing[];
  readonly replacements: readonly Replacement[];
  /** Tasks of the request that became part of a waiting task, or of an earlier task of the request. */
  readonly joined: readonly Joined[];
}

/** Tasks whose ids are new, each once. A known id was accepted before: resending it changes nothing. */
const withoutKnown = (state: State, wanted: readonly Wanted[]): readonly Wanted[] => {
  const [only] = wanted;
  if (wanted.length === 1 && only !== undefined) {
    return state.find(only.task.taskId) === undefined ? wanted : [];
  }
  const seen = new Set<string>();
  return wanted.filter(({ task: { taskId } }) => {
    if (seen.has(taskId) || state.find(taskId) !== undefined) {
      return false;
    }
    seen.add(taskId);
    return true;
  });
};

export const placeOf = (
  { name, options, queue }: NewTask,
  kind: KeyPlace['kind'],
  key: string,
): KeyPlace => ({ queue, name, version: options?.version ?? 1, kind, key });

/** The plan of a request in which some tasks have options, such as a key. Tasks are added in their order. */
class KeyedPlan implements Plan {
  readonly fresh: Wanted[] = [];
  readonly existing: Existing[] = [];
  readonly joined: Joined[] = [];
  readonly #replacements = new Map<string, Replacement>();
  readonly #state: State;
  readonly #now: Now;
  readonly #ids = new Set<string>();
  /** Position in `fresh` of the task that takes a key, by the row of the key. */
  readonly #takers = new Map<string, number>();

  constructor(state: State, now: Now) {
    this.#state = state;
    this.#now = now;
  }

  get replacements(): readonly Replacement[] {
    return [...this.#replacements.values()];
  }

  add(wanted: Wanted, index: number): void {
    const { task } = wanted;
    const { taskId } = task;
    if (this.#ids.has(taskId) || this.#state.find(taskId) !== undefined) {
      return;
    }
    this.#ids.add(taskId);
    const doing = this.#doneBy(task);
    if (doing === undefined) {
      this.fresh.push(wanted);
    } else {
      this.existing.push({ index, taskId: doing });
    }
  }

  /** The task that does the work of this one, if it is not new work. */
  #doneBy(task: Addition): string | undefined {
    const { latest, once } = task.options ?? {};
    if (once !== undefined) {
      return this.#holder(placeOf(task, 'once', once.key));
    }
    return latest === undefined ? undefined : this.#joined(task, latest.key);
  }

  #holder(place: KeyPlace): string | undefined {
    const taker = this.#taker(place);
    return taker === undefined
      ? (holderOf(this.#state, place, this.#now) ?? this.#take(place))
      : this.fresh[taker]?.task.taskId;
  }

  /** The task whose payload this one replaces. A resent task replaces nothing. */
  #joined(task: Addition, key: string): string | undefined {
    const joinedBefore = aliasOf(this.#state, task.taskId);
    if (joinedBefore !== undefined) {
      return joinedBefore;
    }
    const place = placeOf(task, 'latest', key);
    const taker = this.#taker(place);
    const first = taker === undefined ? undefined : this.fresh[taker];
    if (taker !== undefined && first !== undefined) {
      this.joined.push({ ownId: task.taskId, taskId: first.task.taskId });
      this.fresh[taker] = { ...first, task: { ...task, taskId: first.task.taskId } };
      return first.task.taskId;
    }
    const waiting = this.#neverGranted(place);
    if (waiting === undefined) {
      return this.#take(place);
    }
    // A task that memory does not hold is another object at each look-up, so the first one is kept.
    const earlier = this.#replacements.get(waiting.id);
    this.#replacements.set(waiting.id, { task: earlier?.task ?? waiting, by: task });
    this.joined.push({ ownId: task.taskId, taskId: waiting.id });
    return waiting.id;
  }

  #neverGranted(place: KeyPlace): Task | undefined {
    const taskId = holderOf(this.#state, place, this.#now);
    const task = taskId === undefined ? undefined : this.#state.find(taskId);
    return task !== undefined && task.grants === 0 && !isFinished(task.state) ? task : undefined;
  }

  #taker(place: KeyPlace): number | undefined {
    return this.#takers.get(heldKeyKey(place));
  }

  /** The next fresh task takes the key. */
  #take(place: KeyPlace): undefined {
    this.#takers.set(heldKeyKey(place), this.fresh.length);
    return undefined;
  }
}

/** Decides for each task of a request whether it is new work. */
export const planAdmission = (state: State, wanted: readonly Wanted[], now: Now): Plan => {
  if (wanted.every(({ task }) => task.options === undefined)) {
    return { fresh: withoutKnown(state, wanted), existing: [], replacements: [], joined: [] };
  }
  const plan = new KeyedPlan(state, now);
  for (const [index, one] of wanted.entries()) {
    plan.add(one, index);
  }
  return plan;
};
