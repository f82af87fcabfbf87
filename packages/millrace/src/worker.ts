/** What a module of handlers imports: handlers, task definitions and the worker. */
export {
  type Backoff,
  type Debounce,
  type DefineOptions,
  defineTask,
  type ErrorCode,
  type IdempotencyKey,
  MillraceError,
  RetryAfter,
  type RetryOptions,
  Snooze,
  type TaskDefinition,
  type TaskOptions,
  type Throttle,
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
