export type { AttemptResult } from './attempt-result.ts';
export { createExecutor, type Execution, type Executor, type ExecutorOptions } from './executor.ts';
export {
  type HandlerBinding,
  type HandlerFunction,
  type HandlerOptions,
  handler,
  type TaskContext,
} from './handler.ts';
export type { HandlerTable, TaskKey } from './handler-table.ts';
export { handlerModuleUrl, loadHandlers } from './load-handlers.ts';
export type { ExecutorPool } from './pools.ts';
export { InlineRunner } from './runners/inline.ts';
export { processRunner } from './runners/process.ts';
export {
  type AbortReason,
  type Assignment,
  type Run,
  type RunEnd,
  type Runner,
  type RunnerKind,
  runnerKinds,
} from './runners/runner.ts';
export { threadRunner } from './runners/thread.ts';
export type { TaskLog } from './task-log.ts';
export { Worker, type WorkerEvent, type WorkerOptions } from './worker.ts';
