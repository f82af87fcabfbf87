import { limits, type NewTask } from '@millrace/protocol';
import type { Queue } from '../queue.ts';
import type { TaskExtras, TaskValues } from '../rows/task-record.ts';
import type { Now, State } from '../state.ts';
import type { TaskLane } from '../task.ts';
import { holdFor, writeAlias } from '../task-keys.ts';
import { admit, replaceInput } from '../transitions.ts';
import {
  type Addition,
  type Existing,
  type Plan,
  placeOf,
  planAdmission,
  type Replacement,
  type Wanted,
} from './admission-plan.ts';

export type EnqueueRefusal =
  | 'QUEUE_FULL'
  | 'UNKNOWN_QUEUE'
  | 'PAYLOAD_TOO_LARGE'
  | 'TOO_MANY_NAMES'
  | 'STORE_FULL';

export type EnqueueAnswer =
  | {
      readonly created: number;
      /** The tasks of the request whose work another task does, if there are any. */
      readonly existing?: readonly Existing[];
    }
  | { readonly refused: EnqueueRefusal; readonly queue: string; readonly message: string };

type OnceKey = NonNullable<NonNullable<NewTask['options']>['once']>;
type Refusal = Extract<EnqueueAnswer, { refused: string }>;

/** How much a request adds to one queue. */
interface Demand {
  readonly queue: Queue;
  items: number;
  bytes: number;
  /** New versions by name. The map is made for the first of them, because nearly all requests use known lanes. */
  newVersions: Map<string, Set<number>> | undefined;
}

const unknownQueue = (state: State, name: string): Refusal => {
  const declared = [...state.queues.values()].filter((q) => q.declared).map((q) => q.spec.name);
  const message = state.hasAllQueues
    ? `no queue '${name}' is declared, and none can be: there are ${state.queues.size}, as many as there may be; use one of them, or another manager`
    : `no queue '${name}' is declared; there are: ${declared.slice(0, 10).join(', ') || 'none'}`;
  return { refused: 'UNKNOWN_QUEUE', queue: name, message };
};

const versionOf = ({ options }: Addition): number => options?.version ?? 1;

/** Whether a task could be added to its queue, but for room. */
export const checkTask = (state: State, task: Addition): Refusal | undefined => {
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
  return { task, queue, lane: state.laneOfName(queue, task.name, versionOf(task)) };
};

const noneOf = (queue: Queue): Demand => ({ queue, items: 0, bytes: 0, newVersions: undefined });

const addTo = (demand: Demand, { lane, task }: Wanted): Demand => {
  demand.items += 1;
  demand.bytes += task.payload.length;
  if (lane === undefined) {
    demand.newVersions ??= new Map();
    const versions = demand.newVersions.get(task.name) ?? new Set();
    demand.newVersions.set(task.name, versions.add(versionOf(task)));
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

const tooManyNames = (queue: string, message: string): Refusal => ({
  refused: 'TOO_MANY_NAMES',
  queue,
  message,
});

/** Bounds the names of a queue and the versions of a name, because each makes a lane that is never removed. */
const checkNames = (
  state: State,
  { newVersions = new Map(), queue }: Demand,
): Refusal | undefined => {
  const { name } = queue.spec;
  let added = 0;
  for (const [task, versions] of newVersions) {
    added += versions.size;
    const known = state.versionsOf(queue, task);
    // Version 1 is the default, so a request that adds this version alone is not refused.
    if (
      versions.size > (versions.has(1) ? 1 : 0) &&
      known + versions.size > limits.versionsPerNameMax
    ) {
      return tooManyNames(
        name,
        `task '${task}' of queue '${name}' has ${known} versions, the limit is ${limits.versionsPerNameMax}, so it cannot have new ones (${[...versions].join(', ')}): use another name`,
      );
    }
  }
  return queue.laneCount + added > limits.taskNamesPerQueueMax
    ? tooManyNames(
        name,
        `queue '${name}' has ${queue.laneCount} task names and versions, the limit is ${limits.taskNamesPerQueueMax}`,
      )
    : undefined;
};

const checkRoom = (state: State, wanted: readonly Wanted[]): Refusal | undefined => {
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
    const refusal = checkNames(state, demand);
    if (refusal !== undefined) {
      return refusal;
    }
  }
  return undefined;
};

/** Refuses a payload that would replace a smaller one and does not fit. */
const checkReplacements = (replacements: readonly Replacement[]): Refusal | undefined => {
  for (const { by, task } of replacements) {
    const { queue } = task.lane;
    const moreBytes = by.payload.length - task.payloadBytes;
    if (moreBytes > 0 && !queue.fits(0, moreBytes)) {
      const { name } = queue.spec;
      return {
        refused: 'QUEUE_FULL',
        queue: name,
        message: `queue '${name}' has no room for the new payload of task ${task.id}, which is ${moreBytes} bytes larger`,
      };
    }
  }
  return undefined;
};

const checkStore = (state: State, { fresh, replacements }: Plan): Refusal | undefined => {
  const queue = fresh[0]?.queue ?? replacements[0]?.task.lane.queue;
  return queue !== undefined && state.isStoreFull
    ? {
        refused: 'STORE_FULL',
        queue: queue.spec.name,
        message:
          'the disk of the store has less free space than the reserve: free some space on it',
      }
    : undefined;
};

const keyExtras = ({ forMs, key }: OnceKey, now: Now): NonNullable<TaskExtras> =>
  forMs === undefined ? { key } : { keyUntilMs: now.wallMs + forMs };

const extrasOf = ({ extras, options }: Addition, now: Now): TaskExtras => {
  if (options === undefined) {
    return extras;
  }
  const { latest, once, retryPolicy } = options;
  return {
    ...extras,
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...(once === undefined ? {} : keyExtras(once, now)),
    ...(latest === undefined ? {} : { debounceKey: latest.key }),
  };
};

/** The wait of a new task. A debounced task waits no longer than its bound from its first enqueue on. */
const firstWaitMs = ({ delayMs, options }: Addition): number =>
  Math.min(delayMs, options?.latest?.maxWaitMs ?? Number.POSITIVE_INFINITY);

const valuesOf = (state: State, lane: TaskLane, task: Addition, now: Now): TaskValues => {
  const { epoch, count } = state.nextArrival();
  const delayMs = firstWaitMs(task);
  return {
    laneNumber: lane.number,
    state: delayMs > 0 ? 'scheduled' : 'ready',
    priority: task.priority,
    isLifo: lane.order === 'lifo',
    arrivalEpoch: epoch,
    arrivalCount: count,
    acceptedAtMs: now.wallMs,
    dueAfterMs: delayMs,
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
    extras: extrasOf(task, now),
  };
};

const admitOne = (state: State, { lane: known, queue, task }: Wanted, now: Now): void => {
  const lane = known ?? state.laneFor(queue, task.name, versionOf(task));
  admit(state, task.taskId, lane, valuesOf(state, lane, task, now), task.payload);
  const once = task.options?.once;
  if (once?.forMs !== undefined) {
    holdFor(state, placeOf(task, 'once', once.key), task.taskId, once.forMs, now);
  }
};

/** When a task whose payload is replaced is due; undefined if its time stays as it is. */
const dueAgainMs = ({ by, task }: Replacement, now: Now): number | undefined => {
  const { maxWaitMs = Number.POSITIVE_INFINITY, waitMs } = by.options?.latest ?? {};
  return waitMs === undefined
    ? undefined
    : Math.min(now.wallMs + waitMs, task.acceptedAtMs + maxWaitMs);
};

const carryOut = (state: State, { fresh, joined, replacements }: Plan, now: Now): void => {
  for (const one of fresh) {
    admitOne(state, one, now);
  }
  for (const replacement of replacements) {
    const { by, task } = replacement;
    replaceInput(state, task, by.payload, dueAgainMs(replacement, now));
  }
  for (const { ownId, taskId } of joined) {
    writeAlias(state, ownId, taskId, now);
  }
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
  const plan = planAdmission(state, wanted, now);
  const refusal =
    checkStore(state, plan) ?? checkRoom(state, plan.fresh) ?? checkReplacements(plan.replacements);
  if (refusal !== undefined) {
    return refusal;
  }
  carryOut(state, plan, now);
  const { existing, fresh } = plan;
  return existing.length === 0 ? { created: fresh.length } : { created: fresh.length, existing };
};

/** Adds tasks: for each request all of them or none. A known id is not added again. */
export const enqueue = (
  state: State,
  requests: readonly (readonly NewTask[])[],
  now: Now,
): EnqueueAnswer[] => requests.map((tasks) => add(state, tasks, now));
