export type { BulkOptions } from './calls/all-dead.ts';
export type { ResultOptions } from './calls/await-outcome.ts';
export type { CancelAnswer } from './calls/cancel.ts';
export type { DeadGroup } from './calls/dead-groups.ts';
export type { EnqueueOptions } from './calls/enqueue.ts';
export type { InspectOptions, PastAttempt, TaskInfo } from './calls/inspect.ts';
export type { ListedSchedule } from './calls/list-schedules.ts';
export type { ListedTask, ListOptions, TaskFilter, TaskPage } from './calls/list-tasks.ts';
export type { RemoteError } from './calls/remote-error.ts';
export type { RetryCall } from './calls/retry.ts';
export type { RunOptions } from './calls/run.ts';
export {
  type AnySchedule,
  type ScheduleAnswer,
  type ScheduleOptions,
  scheduleSpecOf,
} from './calls/schedule.ts';
export type { ScheduleInfo, ScheduleRun } from './calls/show-schedule.ts';
export { TaskFailed } from './calls/task-failed.ts';
export {
  Client,
  type ClientState,
  type ConnectOptions,
  connect,
  type StateListener,
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
export { TaskHandle } from './task-handle.ts';
