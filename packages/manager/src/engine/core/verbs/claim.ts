import type { Token } from '@millrace/protocol';
import { Heap, type HeapEntry } from '../../../structures/heap.ts';
import type { Handles } from '../handles.ts';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { Task, TaskLane } from '../task.ts';
import { lease } from '../transitions.ts';

/**
 * A request for tasks of any of these handles: at most `max` tasks, and none after
 * `maxBytes` of payload. Requests that share one `Handles` object are cheaper together.
 */
export interface ClaimRequest {
  readonly sessionId: string;
  readonly handles: Handles;
  readonly max: number;
  readonly maxBytes: number;
  /** Whether a suspect, a task whose worker was lost before, runs in a process of its own. */
  readonly isolates: boolean;
}

/** A task that is handed out, under its token. */
export interface Grant extends Token {
  /** Position in the request's handles. */
  readonly handle: number;
  readonly payload: Uint8Array;
  /** 1 for the first attempt; losses and returns do not count. */
  readonly attempt: number;
  readonly deadlineMs: number | null;
  /** Workers that were lost while they ran this task; undefined for none. */
  readonly losses: number | undefined;
}

/** A lane, and its first task when the lane was last looked at. */
interface Head extends HeapEntry {
  readonly lane: TaskLane;
  /** Position in the request's handles. */
  readonly handle: number;
  task: Task;
}

const arrivedBefore = ({ arrival: a }: Task, { arrival: b }: Task): boolean =>
  a.epoch === b.epoch ? a.count < b.count : a.epoch < b.epoch;

/** If tasks of a FIFO and of a LIFO queue have equal priority, the earlier arrival wins. */
const isBetter = ({ task: a }: Head, { task: b }: Head): boolean => {
  if (a.priority !== b.priority) {
    return a.priority > b.priority;
  }
  const areLifo = a.order === 'lifo' && b.order === 'lifo';
  return areLifo ? arrivedBefore(b, a) : arrivedBefore(a, b);
};

/** The next tasks of several lanes, best first. */
class Heads {
  readonly #state: State;
  readonly #heap = new Heap<Head>(isBetter);

  /** Iterates over the handles or over the lanes that may have tasks, whichever are fewer. */
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

  /** The best head. A head may be stale because another claimant took from its lane: it is refreshed before it is compared. */
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

/** A request while it is served. */
interface Taker {
  readonly session: Session;
  readonly heads: Heads;
  readonly max: number;
  readonly isolates: boolean;
  readonly grants: Grant[];
  leftBytes: number;
}

/** The requests of sessions that are known. Those with the same handles share the heads of their lanes. */
const takersOf = (
  state: State,
  requests: readonly ClaimRequest[],
): readonly (Taker | undefined)[] => {
  const shared = new Map<Handles, Heads>();
  return requests.map(({ handles, isolates, max, maxBytes, sessionId }) => {
    const session = state.sessions.get(sessionId);
    if (session === undefined) {
      return undefined;
    }
    const heads = shared.get(handles) ?? new Heads(state, handles);
    shared.set(handles, heads);
    return { session, heads, max, isolates, grants: [], leftBytes: maxBytes };
  });
};

/** Deals a taker its next task; answers false when the taker has enough, or there is no task. */
const grantNext = (state: State, taker: Taker, now: Now): boolean => {
  if (taker.grants.length === taker.max || taker.leftBytes <= 0) {
    return false;
  }
  const head = taker.heads.best();
  if (head === undefined) {
    return false;
  }
  const { handle, task } = head;
  const payload = state.payloadOf(task);
  const { isolates, session } = taker;
  const { epoch, grant } = lease(state, task, session, state.epoch, task.grants + 1, isolates, now);
  state.claimed(task.lane);
  taker.leftBytes -= payload.length;
  taker.grants.push({
    taskId: task.id,
    epoch,
    grant,
    handle,
    payload,
    attempt: task.failures + 1,
    deadlineMs: task.deadlineMs,
    losses: task.losses === 0 ? undefined : task.losses,
  });
  return true;
};

/**
 * Deals the best tasks to the requests round-robin, until all have enough or
 * nothing is left for them.
 */
export const claim = (state: State, requests: readonly ClaimRequest[], now: Now): Grant[][] => {
  const takers = takersOf(state, requests);
  let hungry = takers.filter((taker) => taker !== undefined);
  while (hungry.length > 1) {
    hungry = hungry.filter((taker) => grantNext(state, taker, now));
  }
  // A single taker needs no round-robin.
  for (const last of hungry) {
    while (grantNext(state, last, now)) {}
  }
  return takers.map((taker) => taker?.grants ?? []);
};
