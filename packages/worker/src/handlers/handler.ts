import { availableParallelism } from 'node:os';
import {
  type AnyTask,
  checkName,
  limits,
  MillraceError,
  type TaskDefinition,
} from '@millrace/protocol';
import type { TaskLog } from './task-log.ts';

/** Where a handler may run. */
export const runnerKinds = ['inline', 'thread', 'process'] as const;
export type RunnerKind = (typeof runnerKinds)[number];

/** What a handler is told about the attempt that it runs. */
export interface TaskContext {
  readonly taskId: string;
  /** 1 for the first; returns and losses do not count. */
  readonly attempt: number;
  /**
   * Aborted at the deadline, when the task is cancelled and when the worker
   * drains; its reason has the code DEADLINE_EXCEEDED, TASK_CANCELLED or
   * SHUTTING_DOWN. What returns nevertheless within the kill grace counts.
   */
  readonly signal: AbortSignal;
  /** When `signal` is aborted at the latest; `null` for no limit. */
  readonly deadline: Date | null;
  readonly log: TaskLog;
}

/** Runs one attempt: the payload as its schema parsed it in, the result out. */
export type HandlerFunction<Parsed, Returned> = (
  input: Parsed,
  ctx: TaskContext,
) => Returned | Promise<Returned>;

export interface HandlerOptions {
  /** Where the handler runs. Default `inline`. */
  readonly runner?: RunnerKind;
  /**
   * Attempts at once, 1 to 10,000, in a pool of this handler's own. By default
   * it shares one pool with its kind: 10 inline, one per core otherwise.
   */
  readonly concurrency?: number;
}

/** Known to every copy of this package that one process may have loaded. */
const handlerMark = Symbol.for('millrace.handler');

/** A task bound to the function that runs it, made by `handler`; frozen. */
export interface HandlerBinding {
  readonly task: AnyTask;
  readonly runner: RunnerKind;
  /** Slots of the pool in which the handler runs. */
  readonly concurrency: number;
  /** Whether that pool is shared with the other handlers of its kind. */
  readonly sharesPool: boolean;
  /**
   * A method, so that every handler function fits: what it is called with was
   * checked against the schema of its task.
   */
  fn(input: unknown, ctx: TaskContext): unknown;
}

const defaultConcurrency = (runner: RunnerKind): number =>
  runner === 'inline' ? limits.inlineConcurrency : availableParallelism();

const checkRunner = (runner: RunnerKind, what: string): void => {
  if (!runnerKinds.includes(runner)) {
    const known = runnerKinds.join(', ');
    throw new MillraceError('BAD_OPTION', `${what}: no runner '${runner}'; there are ${known}`);
  }
};

const checkConcurrency = (concurrency: number, what: string): void => {
  const max = limits.creditMaxPerPool;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > max) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: concurrency is a whole number from 1 to ${max}, not ${String(concurrency)}`,
    );
  }
};

/**
 * Binds a task to the function that runs it. A function whose parameter or
 * return type does not fit the task does not compile.
 *
 * @throws BAD_OPTION
 */
export const handler = <Input, Output, Parsed, Returned>(
  task: TaskDefinition<Input, Output, Parsed, Returned>,
  fn: HandlerFunction<NoInfer<Parsed>, NoInfer<Returned>>,
  options: HandlerOptions = {},
): HandlerBinding => {
  const what = `handler of task '${checkName('task', task.name)}'`;
  checkName('queue', task.queue);
  if (typeof fn !== 'function') {
    throw new MillraceError('BAD_OPTION', `${what}: a function is needed, not a ${typeof fn}`);
  }
  const { runner = 'inline', concurrency } = options;
  checkRunner(runner, what);
  if (concurrency !== undefined) {
    checkConcurrency(concurrency, what);
  }
  const binding: HandlerBinding = {
    task,
    runner,
    concurrency: concurrency ?? defaultConcurrency(runner),
    sharesPool: concurrency === undefined,
    fn,
  };
  return Object.freeze(Object.assign(binding, { [handlerMark]: true }));
};

/** Whether a value was made by `handler`, of this or another copy of the package. */
export const isHandlerBinding = (value: unknown): value is HandlerBinding =>
  typeof value === 'object' && value !== null && handlerMark in value;
