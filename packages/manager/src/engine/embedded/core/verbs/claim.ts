import type { ClaimRequest, Grant } from '../../../engine.ts';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { Task, TaskLane } from '../task.ts';
import { lease } from '../transitions.ts';

interface Claimant {
  readonly session: Session;
  /** The lanes that exist, with the position of their handle in the request. */
  readonly lanes: readonly { readonly lane: TaskLane; readonly handle: number }[];
  readonly max: number;
  readonly grants: Grant[];
  leftBytes: number;
}

const claimantOf = (state: State, request: ClaimRequest): Claimant | undefined => {
  const session = state.sessions.get(request.sessionId);
  if (session === undefined) {
    return undefined;
  }
  const lanes = [];
  for (const [handle, { queue, name }] of request.handles.entries()) {
    const lane = state.laneNamed(queue, name);
    if (lane !== undefined && !lane.queue.isPaused) {
      lanes.push({ lane, handle });
    }
  }
  return { session, lanes, max: request.max, grants: [], leftBytes: request.maxBytes };
};

const arrivedBefore = ({ arrival: a }: Task, { arrival: b }: Task): boolean =>
  a.epoch === b.epoch ? a.count < b.count : a.epoch < b.epoch;

/** Between a queue in order of arrival and one against it, arrival decides. */
const comesBefore = (a: Task, b: Task): boolean => {
  if (a.priority !== b.priority) {
    return a.priority > b.priority;
  }
  const areLifo = a.order === 'lifo' && b.order === 'lifo';
  return areLifo ? arrivedBefore(b, a) : arrivedBefore(a, b);
};

/** The best of the heads of several lanes. */
const bestHead = (
  state: State,
  claimant: Claimant,
): { readonly task: Task; readonly handle: number } | undefined => {
  let best: { readonly task: Task; readonly handle: number } | undefined;
  for (const { lane, handle } of claimant.lanes) {
    state.refill(lane);
    const { first } = lane;
    if (first !== undefined && (best === undefined || comesBefore(first, best.task))) {
      best = { task: first, handle };
    }
  }
  return best;
};

const grantNext = (state: State, claimant: Claimant, now: Now): boolean => {
  const head = bestHead(state, claimant);
  if (head === undefined) {
    return false;
  }
  const { handle, task } = head;
  const payload = state.payloadOf(task);
  const { epoch, grant } = lease(state, task, claimant.session, state.epoch, task.grants + 1, now);
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
  const claimants = requests.map((request) => claimantOf(state, request));
  let hungry = claimants.filter((claimant) => claimant !== undefined);
  while (hungry.length > 0) {
    hungry = hungry.filter(
      (claimant) =>
        claimant.grants.length < claimant.max &&
        claimant.leftBytes > 0 &&
        grantNext(state, claimant, now),
    );
  }
  return claimants.map((claimant) => claimant?.grants ?? []);
};
