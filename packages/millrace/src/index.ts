/** Everything that users import: the SDK, handlers, the manager, the errors. */
export {
  type CancelAnswer,
  Client,
  type ConnectOptions,
  connect,
  type EnqueueOptions,
  type ResultOptions,
  TaskFailed,
  TaskHandle,
  type TaskInfo,
} from '@millrace/client';
export {
  Manager,
  type ManagerOptions,
  type QueueOptions,
  VERSION,
} from '@millrace/manager';
export {
  type DefineOptions,
  defineTask,
  type ErrorCode,
  type ItemCounts,
  type LeasedItem,
  MillraceError,
  type PutOptions,
  QueueEmpty,
  QueueFull,
  QueueHandle,
  type QueueStatus,
  type Status,
  type TaskDefinition,
  type TaskOptions,
  Unrecoverable,
  type WaitOptions,
  type WorkerStatus,
} from '@millrace/protocol';
export {
  type HandlerBinding,
  type HandlerFunction,
  type HandlerOptions,
  handler,
  type TaskContext,
  Worker,
  type WorkerEvent,
  type WorkerOptions,
} from '@millrace/worker';
