export {
  type AbortReason,
  type Assignment,
  type Run,
  type RunEnd,
  type Runner,
} from './attempt/runner.ts';
export type { AttemptResult, Execution } from './execution/execution.ts';
export { createExecutor, type Executor, type ExecutorOptions } from './execution/executor.ts';
export type { ExecutorPool } from './execution/pools.ts';
export {
  type HandlerBinding,
  type HandlerFunction,
  type HandlerOptions,
  handler,
  type RunnerKind,
  runnerKinds,
  type TaskContext,
} from './handlers/handler.ts';
export type { Handle, HandlerTable } from './handlers/handler-table.ts';
export { handlerModuleUrl, importUserModule, loadHandlers } from './handlers/load-handlers.ts';
export type { TaskLog } from './handlers/task-log.ts';
export { InlineRunner } from './runners/inline.ts';
export { processRunner } from './runners/process.ts';
export { threadRunner } from './runners/thread.ts';
export { Worker, type WorkerOptions } from './worker.ts';
export type { AttemptFacts, LostSlotFacts, WorkerEvent } from './worker-event.ts';
