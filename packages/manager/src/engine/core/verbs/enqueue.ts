import { limits, type NewTask } from '@millrace/protocol';
import type { Queue } from '../queue.ts';
import type { TaskExtras, TaskValues } from '../rows/task-record.ts';
import type { Now, State } from '../state.ts';
import type { TaskLane } from '../task.ts';
import { admit } from '../transitions.ts';

export type EnqueueRefusal =
  | 'QUEUE_FULL'
  | 'UNKNOWN_QUEUE'
  | 'PAYLOAD_TOO_LARGE'
  | 'TOO_MANY_NAMES'
  | 'STORE_FULL';

export type EnqueueAnswer =
  | { readonly created: number }
  | { readonly refused: EnqueueRefusal; readonly queue: string; readonly message: string };

/** A task to add, with what only the manager can give it. */
export interface Addition extends NewTask {
  readonly extras?: TaskExtras;
}

type Refusal = Extract<EnqueueAnswer, { refused: string }>;

/** A task and where it belongs. */
interface Wanted {
  readonly task: Addition;
  readonly queue: Queue;
  /** None when its name is new in the queue. */
  readonly lane: TaskLane | undefined;
}

/** How much a request adds to one queue. */
interface Demand {
  readonly queue: Queue;
  items: number;
  bytes: number;
  /** Made for the first new name: nearly all requests use known names. */
  newNames: Set<string> | undefined;
}

const unknownQueue = (state: State, name: string): Refusal => {
  const declared = [...state.queues.values()].filter((q) => q.declared).map((q) => q.spec.name);
  const message = state.hasAllQueues
    ? `no queue '${name}' is declared, and none can be: there are ${state.queues.size}, as many as there may be; use one of them, or another manager`
    : `no queue '${name}' is declared; there are: ${declared.slice(0, 10).join(', ') || 'none'}`;
  return { refused: 'UNKNOWN_QUEUE', queue: name, message };
};

const checkTask = (state: State, task: Addition): Refusal | undefined => {
  const queue = state.queues.get(task.queue);
  if (queue === undefined || !queue.declared) {
    return unknownQueue(state, task.queue);
  }
  if (task.payload.length > state.options.payloadMaxBytes) {
    return {
      refused: 'PAYLOAD_TOO_LARGE',
      queue: task.queue,
      message: `the payload of task ${task.taskId} has ${task.payload.length} bytes, the limit is ${state.options.payloadMaxBytes}`,
    };
  }
  return undefined;
};

/** The task has passed `checkTask`, so its queue is known. */
const wantedOf = (state: State, task: Addition): Wanted => {
  const queue = state.foundQueue(task.queue);
  return { task, queue, lane: state.laneOfName(queue, task.name) };
};

const noneOf = (queue: Queue): Demand => ({ queue, items: 0, bytes: 0, newNames: undefined });

const addTo = (demand: Demand, { lane, task }: Wanted): Demand => {
  demand.items += 1;
  demand.bytes += task.payload.length;
  if (lane === undefined) {
    demand.newNames = (demand.newNames ?? new Set()).add(task.name);
  }
  return demand;
};

const demandsOf = (wanted: readonly Wanted[]): Iterable<Demand> => {
  const [only] = wanted;
  if (wanted.length === 1 && only !== undefined) {
    return [addTo(noneOf(only.queue), only)];
  }
  const demands = new Map<Queue, Demand>();
  for (const one of wanted) {
    const { queue } = one;
    demands.set(queue, addTo(demands.get(queue) ?? noneOf(queue), one));
  }
  return demands.values();
};

const checkRoom = (wanted: readonly Wanted[]): Refusal | undefined => {
  for (const demand of demandsOf(wanted)) {
    const { queue } = demand;
    const { name, maxBytes, maxItems } = queue.spec;
    if (demand.items > maxItems || demand.bytes > maxBytes) {
      return {
        refused: 'PAYLOAD_TOO_LARGE',
        queue: name,
        message: `${demand.items === 1 ? 'one task' : `${demand.items} tasks`} of ${demand.bytes} bytes can never fit into queue '${name}', which holds at most ${maxItems} items and ${maxBytes} bytes`,
      };
    }
    if (!queue.fits(demand.items, demand.bytes)) {
      return {
        refused: 'QUEUE_FULL',
        queue: name,
        message: `queue '${name}' holds ${queue.unfinished} of ${maxItems} items and ${queue.counters.bytes} of ${maxBytes} bytes`,
      };
    }
    if (queue.laneCount + (demand.newNames?.size ?? 0) > limits.taskNamesPerQueueMax) {
      return {
        refused: 'TOO_MANY_NAMES',
        queue: name,
        message: `queue '${name}' has ${queue.laneCount} task names, the limit is ${limits.taskNamesPerQueueMax}`,
      };
    }
  }
  return undefined;
};

const extrasOf = ({ extras, options }: Addition): TaskExtras => {
  const retryPolicy = options?.retryPolicy;
  return retryPolicy === undefined ? extras : { ...extras, retryPolicy };
};

const valuesOf = (state: State, lane: TaskLane, task: Addition, now: Now): TaskValues => {
  const { epoch, count } = state.nextArrival();
  return {
    laneNumber: lane.number,
    state: task.delayMs > 0 ? 'scheduled' : 'ready',
    priority: task.priority,
    isLifo: lane.order === 'lifo',
    arrivalEpoch: epoch,
    arrivalCount: count,
    acceptedAtMs: now.wallMs,
    dueAfterMs: task.delayMs,
    expiresAfterMs: task.expiresInMs,
    finishedAfterMs: undefined,
    deadlineMs: task.deadlineMs,
    attempts: task.attempts,
    grants: 0,
    failures: 0,
    losses: 0,
    returns: 0,
    settledEpoch: undefined,
    settledGrant: undefined,
    isTombstone: false,
    payloadBytes: task.payload.length,
    result: undefined,
    error: undefined,
    extras: extrasOf(task),
  };
};

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

/** Adds all tasks of one request, or none. */
export const add = (state: State, tasks: readonly Addition[], now: Now): EnqueueAnswer => {
  for (const task of tasks) {
    const refusal = checkTask(state, task);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  const wanted = tasks.map((task) => wantedOf(state, task));
  const fresh = withoutKnown(state, wanted);
  const [first] = fresh;
  if (first !== undefined && state.isStoreFull) {
    return {
      refused: 'STORE_FULL',
      queue: first.queue.spec.name,
      message: 'the store is below its reserve of free space: free some space on its disk',
    };
  }
  const refusal = checkRoom(fresh);
  if (refusal !== undefined) {
    return refusal;
  }
  for (const one of fresh) {
    const { queue, task } = one;
    const lane = one.lane ?? state.laneFor(queue, task.name);
    admit(state, task.taskId, lane, valuesOf(state, lane, task, now), task.payload);
  }
  return { created: fresh.length };
};

/** Adds tasks: for each request all of them or none. A known id is not added again. */
export const enqueue = (
  state: State,
  requests: readonly (readonly NewTask[])[],
  now: Now,
): EnqueueAnswer[] => requests.map((tasks) => add(state, tasks, now));
