import { limits } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import type { Handle } from '../handles.ts';
import type { QueueReport } from '../queue.ts';
import { behindPriority, readyRange } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { TaskLane } from '../task.ts';

/** A version of a task name in a queue, of which a task is ready. */
export interface WaitingLane {
  readonly queue: string;
  readonly name: string;
  readonly version: number;
  /** How long its oldest task has been ready; unknown in a LIFO queue. */
  readonly oldestMs: number | undefined;
}

/** A session without a connection that holds leases. */
export interface LostSession {
  readonly sessionId: string;
  readonly leases: number;
  readonly returnInMs: number;
}

/** A task that a session holds. */
export interface HeldTask {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly heldMs: number;
}

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

/** The due time of the first task of each priority in a lane, as the disk has it: in a FIFO lane its oldest. */
function* headsOnDisk(state: State, lane: TaskLane): Generator<number> {
  let from: string | undefined = lane.prefix;
  for (let looks = 0; from !== undefined && looks < tuning.oldestLooksMax; ) {
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

/** The lanes in which something waits, with the age of the oldest task. Costs a look for each task name and priority. */
export const waitingLanes = (state: State, _request: undefined, now: Now): WaitingLane[] => {
  const waiting: WaitingLane[] = [];
  for (const lane of state.lanes.values()) {
    const dueAtMs = oldestDueAtMs(state, lane);
    if (Number.isFinite(dueAtMs)) {
      const { name: queue, order } = lane.queue.spec;
      // The oldest task of a LIFO queue is the last of its order, which is not looked for.
      const oldestMs = order === 'lifo' ? undefined : Math.max(0, now.wallMs - dueAtMs);
      waiting.push({ queue, name: lane.name, version: lane.version, oldestMs });
    }
  }
  return waiting;
};

/** The sessions without a connection that hold leases. */
export const lostSessions = (state: State, _request: undefined, now: Now): LostSession[] =>
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

/** The latest grant among the tasks that a session still holds. */
export const lastHeld = (state: State, sessionId: string, now: Now): HeldTask | undefined => {
  const session = state.sessions.get(sessionId);
  return session === undefined ? undefined : heldTask(session, now);
};

/** The queue, the name and the version of a task that is ready; undefined for any other. */
export const readyTask = (state: State, taskId: string): Handle | undefined => {
  const task = state.find(taskId);
  return task?.state === 'ready'
    ? { queue: task.lane.queue.spec.name, name: task.lane.name, version: task.lane.version }
    : undefined;
};

/** How many leases a session holds. */
export const leaseCount = (state: State, sessionId: string): number =>
  state.sessions.get(sessionId)?.leases.size ?? 0;

/** Every queue with its counters. */
export const queueReports = (state: State): QueueReport[] =>
  [...state.queues.values()].map((queue) => queue.report());

export interface SchedulesReport {
  readonly total: number;
  readonly paused: number;
  /** Schedules whose task could not be added, and why; those that were tried since the start. */
  readonly delayed: ReadonlyMap<string, string>;
  /** Schedules that went on from now after the clock was set back, within the last minutes. */
  readonly setBack: number;
}

/** The schedules as a whole. */
export const schedulesReport = ({ schedules }: State, now: Now): SchedulesReport => {
  const isRecent = now.monotonicMs - schedules.setBackAtMs <= limits.scheduleStepShownMs;
  const { delayed, paused, setBack, total } = schedules;
  return { total, paused, delayed, setBack: isRecent ? setBack : 0 };
};
