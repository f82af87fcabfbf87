import type { TaskTimeIndex } from '../rows/keys.ts';
import type { Task } from '../task.ts';
import { isFinished } from '../task-machine.ts';

/** The values of a task that decide which time indexes must name it. */
export type Indexed = Pick<Task, 'state' | 'grants' | 'expiresAtMs' | 'isTombstone'>;

/** Whether the rows of a time index must name a task, for each such index. */
export const isListedIn: Readonly<Record<TaskTimeIndex, (task: Indexed) => boolean>> = {
  due: (task) => task.state === 'scheduled',
  expiry: (task) =>
    task.expiresAtMs !== undefined &&
    (task.state === 'scheduled' || task.state === 'ready') &&
    task.grants === 0,
  retention: (task) => isFinished(task.state) && task.state !== 'dead' && !task.isTombstone,
  dead: (task) => task.state === 'dead' && !task.isTombstone,
  tombstone: (task) => task.isTombstone,
};
