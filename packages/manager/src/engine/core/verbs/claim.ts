import { Heap, type HeapEntry } from '../../../structures/heap.ts';
import type { ClaimRequest, Grant } from '../../engine.ts';
import type { Handles } from '../handles.ts';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { Task, TaskLane } from '../task.ts';
import { lease } from '../transitions.ts';

/** A lane that somebody asks, with its next task when it was last looked at. */
interface Head extends HeapEntry {
  readonly lane: TaskLane;
  /** Position in the request's handles. */
  readonly handle: number;
  task: Task;
}

const arrivedBefore = ({ arrival: a }: Task, { arrival: b }: Task): boolean =>
  a.epoch === b.epoch ? a.count < b.count : a.epoch < b.epoch;

/** Between a queue in order of arrival and one against it, arrival decides. */
const comesBefore = ({ task: a }: Head, { task: b }: Head): boolean => {
  if (a.priority !== b.priority) {
    return a.priority > b.priority;
  }
  const areLifo = a.order === 'lifo' && b.order === 'lifo';
  return areLifo ? arrivedBefore(b, a) : arrivedBefore(a, b);
};

/** The next tasks of several lanes, best first. */
class Heads {
  readonly #state: State;
  readonly #heap = new Heap<Head>(comesBefore);

  /** Looks at whichever are fewer: the handles, or the lanes that may have something. */
  constructor(state: State, handles: Handles) {
    this.#state = state;
    if (handles.list.length < state.lanesToAsk.size) {
      for (const [position, handle] of handles.list.entries()) {
        this.#add(state.laneNamed(handle), position);
      }
    } else {
      for (const lane of state.lanesToAsk.entries()) {
        this.#add(lane, handles.positionOfLane(lane));
      }
    }
  }

  #add(lane: TaskLane | undefined, handle: number | undefined): void {
    if (lane === undefined || handle === undefined || lane.queue.isPaused) {
      return;
    }
    const task = this.#state.headOf(lane);
    if (task !== undefined) {
      this.#heap.add({ lane, handle, task, heapIndex: -1 });
    }
  }

  /** The best of all. Of a lane that others took from, the next comes later than what they took. */
  best(): Head | undefined {
    for (let head = this.#heap.first; head !== undefined; head = this.#heap.first) {
      const task = this.#state.headOf(head.lane);
      if (task === head.task) {
        return head;
      }
      if (task === undefined) {
        this.#heap.remove(head);
      } else {
        head.task = task;
        this.#heap.move(head);
      }
    }
    return undefined;
  }
}

interface Claimant {
  readonly session: Session;
  readonly heads: Heads;
  readonly max: number;
  readonly grants: Grant[];
  leftBytes: number;
}

/** Who asks, but for sessions that are gone. Those with the same handles share the heads of their lanes. */
const claimantsOf = (
  state: State,
  requests: readonly ClaimRequest[],
): readonly (Claimant | undefined)[] => {
  const shared = new Map<Handles, Heads>();
  return requests.map(({ handles, max, maxBytes, sessionId }) => {
    const session = state.sessions.get(sessionId);
    if (session === undefined) {
      return undefined;
    }
    const heads = shared.get(handles) ?? new Heads(state, handles);
    shared.set(handles, heads);
    return { session, heads, max, grants: [], leftBytes: maxBytes };
  });
};

/** Deals a claimant its next task; answers whether there was room, and one. */
const grantNext = (state: State, claimant: Claimant, now: Now): boolean => {
  if (claimant.grants.length === claimant.max || claimant.leftBytes <= 0) {
    return false;
  }
  const head = claimant.heads.best();
  if (head === undefined) {
    return false;
  }
  const { handle, task } = head;
  const payload = state.payloadOf(task);
  const { epoch, grant } = lease(state, task, claimant.session, state.epoch, task.grants + 1, now);
  state.claimed(task.lane);
  claimant.leftBytes -= payload.length;
  claimant.grants.push({
    taskId: task.id,
    epoch,
    grant,
    handle,
    payload,
    attempt: task.failures + 1,
    deadlineMs: task.deadlineMs,
  });
  return true;
};

/**
 * Deals the best tasks to the requests one by one in turn, until all have
 * enough or nothing is left for them.
 */
export const claim = (state: State, requests: readonly ClaimRequest[], now: Now): Grant[][] => {
  const claimants = claimantsOf(state, requests);
  let hungry = claimants.filter((claimant) => claimant !== undefined);
  while (hungry.length > 1) {
    hungry = hungry.filter((claimant) => grantNext(state, claimant, now));
  }
  // Nobody is left to take turns with.
  for (const last of hungry) {
    while (grantNext(state, last, now)) {}
  }
  return claimants.map((claimant) => claimant?.grants ?? []);
};
