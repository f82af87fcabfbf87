import type { TaskTimeIndex } from '../rows/keys.ts';
import type { Task } from '../task.ts';
import { isFinished } from '../task-machine.ts';

/** What decides which time indexes must name a task. */
export type Indexed = Pick<Task, 'state' | 'grants' | 'expiresAtMs' | 'isTombstone'>;

/** For each time index, which tasks its rows must name. */
export const wanted: Readonly<Record<TaskTimeIndex, (task: Indexed) => boolean>> = {
  due: (task) => task.state === 'scheduled',
  expiry: (task) =>
    task.expiresAtMs !== undefined &&
    (task.state === 'scheduled' || task.state === 'ready') &&
    task.grants === 0,
  retention: (task) => isFinished(task.state) && task.state !== 'dead' && !task.isTombstone,
  dead: (task) => task.state === 'dead' && !task.isTombstone,
  tombstone: (task) => task.isTombstone,
};
