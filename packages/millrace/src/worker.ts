/** What a module of handlers imports: handlers, task definitions and the worker. */
export {
  type Backoff,
  type DefineOptions,
  defineTask,
  type ErrorCode,
  MillraceError,
  RetryAfter,
  type RetryOptions,
  Snooze,
  type TaskDefinition,
  type TaskOptions,
  Unrecoverable,
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
