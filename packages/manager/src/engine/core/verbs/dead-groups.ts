import { limits, type TaskError } from '@millrace/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { retainedBytesOf } from '../retained.ts';
import { Budget, cursorOf, positionOf, walk } from '../rows/walk.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { deadTasks, isWanted } from './list-tasks.ts';

/** Which dead tasks are grouped, and where the page begins. */
export interface GroupRequest {
  readonly queue: string | undefined;
  readonly name: string | undefined;
  /** `next` of the previous page. */
  readonly after: string | undefined;
}

/** Dead tasks of the same cause. */
export interface DeadGroup {
  readonly fingerprint: string;
  readonly queue: string;
  readonly name: string;
  /** The error of the task that died last. */
  readonly error: TaskError | undefined;
  readonly count: number;
  readonly firstAgoMs: number;
  readonly lastAgoMs: number;
}

/** Groups of dead tasks, and where the next page begins. A group may have more tasks on later pages. */
export interface GroupPage {
  readonly groups: readonly DeadGroup[];
  readonly next: string | undefined;
}

/** A group with one more task. The tasks come in the order in which they died. */
const withTask = (group: DeadGroup | undefined, task: Task, now: Now): DeadGroup => {
  const agoMs = Math.max(0, now.wallMs - (task.finishedAtMs ?? now.wallMs));
  return {
    fingerprint: group?.fingerprint ?? fingerprintOf(task),
    queue: task.lane.queue.spec.name,
    name: task.lane.name,
    error: task.error,
    count: (group?.count ?? 0) + 1,
    firstAgoMs: Math.max(agoMs, group?.firstAgoMs ?? 0),
    lastAgoMs: Math.min(agoMs, group?.lastAgoMs ?? Number.POSITIVE_INFINITY),
  };
};

/**
 * Counts dead tasks by the cause of their death. The cost of a page is bounded like that of a
 * listing, so a page has the groups of some tasks only.
 */
export const deadGroups = (state: State, request: GroupRequest, now: Now): GroupPage => {
  const { isHere, path } = deadTasks;
  const from = request.after === undefined ? undefined : positionOf(request.after);
  const budget = new Budget(limits.listLooksMax, limits.listReadBytes);
  const groups = new Map<string, DeadGroup>();
  for (const place of walk(state.journal, path, from)) {
    if (groups.size >= limits.listPageMax || budget.isSpent) {
      return { groups: [...groups.values()], next: cursorOf(place) };
    }
    const task = state.find(place.taskId);
    budget.spend(task === undefined ? 0 : retainedBytesOf(task));
    if (task !== undefined && isHere(task, place) && isWanted(task, request)) {
      const fingerprint = fingerprintOf(task);
      groups.set(fingerprint, withTask(groups.get(fingerprint), task, now));
    }
  }
  return { groups: [...groups.values()], next: undefined };
};
