export {
  Client,
  type ConnectOptions,
  connect,
  type EnqueueOptions,
  type RunOptions,
} from './client.ts';
export {
  type ConnectionChoice,
  type FoundConnection,
  findConnection,
  findHome,
  HOME_DIRECTORY,
  KEY_FILE,
  URL_FILE,
} from './discovery.ts';
export type { ListedTask, ListOptions, TaskFilter, TaskPage } from './operations.ts';
export { TaskFailed } from './task-failed.ts';
export { type CancelAnswer, type ResultOptions, TaskHandle, type TaskInfo } from './task-handle.ts';
