import { limits } from '@millrace/protocol';
import type { EnqueueAnswer, NewTask } from '../../../engine.ts';
import type { Queue } from '../queue.ts';
import type { Now, State } from '../state.ts';
import { Task, type TaskFacts } from '../task.ts';
import { keptPayload } from '../task-record.ts';
import { admit } from '../transitions.ts';

type Refusal = Extract<EnqueueAnswer, { refused: string }>;

/** What a request adds to one queue. */
interface Demand {
  readonly queue: Queue;
  items: number;
  bytes: number;
  /** Made when there is one: nearly all requests use names that are known. */
  newNames: Set<string> | undefined;
}

const checkTask = (state: State, task: NewTask): Refusal | undefined => {
  const queue = state.queues.get(task.queue);
  if (queue === undefined || !queue.declared) {
    const declared = [...state.queues.values()].filter((q) => q.declared).map((q) => q.spec.name);
    return {
      refused: 'UNKNOWN_QUEUE',
      queue: task.queue,
      message: `no queue '${task.queue}' is declared; there are: ${declared.slice(0, 10).join(', ') || 'none'}`,
    };
  }
  if (task.payload.length > state.options.payloadMaxBytes) {
    return {
      refused: 'PAYLOAD_TOO_LARGE',
      queue: task.queue,
      message: `the payload of ${task.taskId} has ${task.payload.length} bytes, the limit is ${state.options.payloadMaxBytes}`,
    };
  }
  return undefined;
};

const addTo = (demand: Demand, state: State, task: NewTask): Demand => {
  demand.items += 1;
  demand.bytes += task.payload.length;
  if (state.laneNamed(task.queue, task.name) === undefined) {
    demand.newNames = (demand.newNames ?? new Set()).add(task.name);
  }
  return demand;
};

/** Their queues are known: `checkTask` has passed them. */
const demandsOf = (state: State, tasks: readonly NewTask[]): Iterable<Demand> => {
  const noneOf = (queue: string): Demand => ({
    queue: state.foundQueue(queue),
    items: 0,
    bytes: 0,
    newNames: undefined,
  });
  const [only] = tasks;
  if (tasks.length === 1 && only !== undefined) {
    return [addTo(noneOf(only.queue), state, only)];
  }
  const demands = new Map<string, Demand>();
  for (const task of tasks) {
    const demand = demands.get(task.queue) ?? noneOf(task.queue);
    demands.set(task.queue, addTo(demand, state, task));
  }
  return demands.values();
};

const checkRoom = (state: State, tasks: readonly NewTask[]): Refusal | undefined => {
  for (const demand of demandsOf(state, tasks)) {
    const { queue } = demand;
    const { name, maxBytes, maxItems } = queue.spec;
    if (demand.items > maxItems || demand.bytes > maxBytes) {
      return {
        refused: 'PAYLOAD_TOO_LARGE',
        queue: name,
        message: `${demand.items} tasks of ${demand.bytes} bytes can never fit into queue '${name}'`,
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

const newTask = (state: State, wanted: NewTask, now: Now): Task => {
  const lane = state.laneFor(wanted.queue, wanted.name);
  const facts: TaskFacts = {
    id: wanted.taskId,
    lane,
    priority: wanted.priority,
    arrival: state.nextArrival(),
    order: lane.order,
    payloadBytes: wanted.payload.length,
    acceptedAtMs: now.wallMs,
    deadlineMs: wanted.deadlineMs,
    attempts: wanted.attempts,
    expiresAtMs: wanted.expiresInMs === undefined ? undefined : now.wallMs + wanted.expiresInMs,
  };
  const isDelayed = wanted.delayMs > 0;
  const dueAtMs = now.wallMs + wanted.delayMs;
  return new Task(facts, isDelayed ? 'scheduled' : 'ready', dueAtMs, keptPayload(wanted.payload));
};

/** Tasks whose ids are new, each once. A known id was accepted before: resending it changes nothing. */
const withoutKnown = (state: State, tasks: readonly NewTask[]): readonly NewTask[] => {
  const [only] = tasks;
  if (tasks.length === 1 && only !== undefined) {
    return state.find(only.taskId) === undefined ? tasks : [];
  }
  const seen = new Set<string>();
  return tasks.filter((task) => {
    if (seen.has(task.taskId) || state.find(task.taskId) !== undefined) {
      return false;
    }
    seen.add(task.taskId);
    return true;
  });
};

/** Adds all tasks of one request, or none. */
export const enqueue = (state: State, tasks: readonly NewTask[], now: Now): EnqueueAnswer => {
  for (const task of tasks) {
    const refusal = checkTask(state, task);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  const fresh = withoutKnown(state, tasks);
  if (fresh.length > 0 && state.isStoreFull) {
    return {
      refused: 'STORE_FULL',
      queue: fresh[0]?.queue ?? '',
      message: 'the disk of the store is below its reserve: free some space',
    };
  }
  const refusal = checkRoom(state, fresh);
  if (refusal !== undefined) {
    return refusal;
  }
  for (const wanted of fresh) {
    admit(state, newTask(state, wanted, now), wanted.payload);
  }
  return { created: fresh.length };
};
