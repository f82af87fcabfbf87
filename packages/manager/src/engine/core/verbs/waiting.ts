import type { HeldTask, LostSession, WaitingLane } from '../../engine.ts';
import { behindPriority, readyRange } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { TaskLane } from '../task.ts';

/** Places looked at in a lane before the rest of it is left unknown. */
const LOOKS_MAX = 600;

const firstReady = (
  state: State,
  taskIds: readonly string[],
): { readonly dueAtMs?: number; readonly looked: number } => {
  for (const [index, taskId] of taskIds.entries()) {
    const task = state.find(taskId);
    if (task?.state === 'ready') {
      return { dueAtMs: task.dueAtMs, looked: index + 1 };
    }
  }
  return { looked: taskIds.length };
};

/** The first task of each priority in a lane that is read from disk: in order of arrival, its oldest. */
function* headsOnDisk(state: State, lane: TaskLane): Generator<number> {
  let from: string | undefined = lane.prefix;
  for (let looks = 0; from !== undefined && looks < LOOKS_MAX; ) {
    const [row] = state.journal.range(...readyRange(lane.prefix, from), 1);
    if (row === undefined) {
      return;
    }
    const { dueAtMs, looked } = firstReady(state, decodeIds(row.value));
    looks += looked;
    if (dueAtMs !== undefined) {
      yield dueAtMs;
    }
    from = dueAtMs === undefined ? `${row.key}\0` : behindPriority(lane.prefix, row.key);
  }
}

const oldestDueAtMs = (state: State, lane: TaskLane): number => {
  let oldestMs = lane.first?.dueAtMs ?? Number.POSITIVE_INFINITY;
  if (lane.queue.counters.ready > 0) {
    for (const dueAtMs of headsOnDisk(state, lane)) {
      oldestMs = Math.min(oldestMs, dueAtMs);
    }
  }
  return oldestMs;
};

/** The lanes in which something waits, with the age of the oldest there. */
export const waitingLanes = (state: State, now: Now): WaitingLane[] => {
  const waiting: WaitingLane[] = [];
  for (const lane of state.lanes.values()) {
    const dueAtMs = oldestDueAtMs(state, lane);
    if (Number.isFinite(dueAtMs)) {
      const { name: queue, order } = lane.queue.spec;
      // Last in, first out: its oldest is the last of its order, which is not looked for.
      const oldestMs = order === 'lifo' ? undefined : Math.max(0, now.wallMs - dueAtMs);
      waiting.push({ queue, name: lane.name, oldestMs });
    }
  }
  return waiting;
};

/** The sessions without a connection that hold leases. */
export const lostSessions = (state: State, now: Now): LostSession[] =>
  [...state.gracing]
    .filter(({ leases }) => leases.size > 0)
    .map(({ graceEndsAtMs, id, leases }) => ({
      sessionId: id,
      leases: leases.size,
      returnInMs: Math.max(0, graceEndsAtMs - now.monotonicMs),
    }));

const heldTask = (session: Session, now: Now): HeldTask | undefined => {
  const { last } = session.leases;
  return last === undefined
    ? undefined
    : {
        taskId: last.task.id,
        queue: last.task.lane.queue.spec.name,
        name: last.task.lane.name,
        heldMs: now.monotonicMs - last.sinceMs,
      };
};

/** The task that a session was given last, of those that it still holds. */
export const lastHeld = (state: State, sessionId: string, now: Now): HeldTask | undefined => {
  const session = state.sessions.get(sessionId);
  return session === undefined ? undefined : heldTask(session, now);
};
