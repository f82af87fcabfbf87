import { availableParallelism } from 'node:os';
import {
  type AnyTask,
  checkList,
  checkName,
  checkOptions,
  checkTask,
  checkVersion,
  described,
  limits,
  MillraceError,
  type TaskDefinition,
} from '@millrace/protocol';
import type { TaskLog } from './task-log.ts';

/** Where a handler can run. */
export const runnerKinds = ['inline', 'thread', 'process'] as const;
export type RunnerKind = (typeof runnerKinds)[number];

/** The attempt, as its handler sees it. */
export interface TaskContext {
  readonly taskId: string;
  /** 1 for the first attempt; returned and lost grants do not count. */
  readonly attempt: number;
  /** Version of the definition with which the task was enqueued. */
  readonly version: number;
  /**
   * Aborted at the deadline, when the task is cancelled, and when the worker
   * drains; the reason has the code DEADLINE_EXCEEDED, TASK_CANCELLED or
   * SHUTTING_DOWN. A result that is returned within the kill grace still counts.
   */
  readonly signal: AbortSignal;
  /** Latest time at which `signal` is aborted; `null` for no limit. */
  readonly deadline: Date | null;
  readonly log: TaskLog;
}

/** Runs one attempt: takes the payload as its schema parsed it, and returns the result. */
export type HandlerFunction<Parsed, Returned> = (
  input: Parsed,
  ctx: TaskContext,
) => Returned | Promise<Returned>;

export interface HandlerOptions {
  /** Where the handler runs. Default `inline`. */
  readonly runner?: RunnerKind;
  /**
   * Slots of a pool that only this handler uses, 1 to 10,000. By default all
   * handlers of one kind share a pool: 10 slots inline, otherwise one for each core.
   */
  readonly concurrency?: number;
  /** Versions of the task that this handler takes. Default: the version of its definition. */
  readonly versions?: readonly number[];
  /** Earlier names of the task. The handler also takes tasks that have one of them. */
  readonly aliases?: readonly string[];
  /**
   * Whether another attempt may help after this error. By default, another attempt may always
   * help. A `retryIf` is not called for `RetryAfter`, `Snooze` and `Unrecoverable`, and counts as
   * true if it throws.
   */
  readonly retryIf?: (error: unknown) => boolean;
}

/** A registered symbol, because one process may load several copies of this package. */
const handlerMark = Symbol.for('millrace.handler');

/** A task bound to the function that runs it, made by `handler`; frozen. */
export interface HandlerBinding {
  readonly task: AnyTask;
  readonly runner: RunnerKind;
  /** Slots of the pool in which the handler runs. */
  readonly concurrency: number;
  /** Whether that pool is shared with the other handlers of its kind. */
  readonly sharesPool: boolean;
  readonly versions: readonly number[];
  readonly aliases: readonly string[];
  readonly retryIf: ((error: unknown) => boolean) | undefined;
  /**
   * Declared as a method, so that every handler function is assignable. Its input
   * was checked against the schema of the task.
   */
  fn(input: unknown, ctx: TaskContext): unknown;
}

const defaultConcurrency = (runner: RunnerKind): number =>
  runner === 'inline' ? limits.inlineConcurrency : availableParallelism();

const checkRunner = (runner: RunnerKind, what: string): void => {
  if (!runnerKinds.includes(runner)) {
    const known = runnerKinds.join(', ');
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: there is no runner '${runner}'; choose from ${known}`,
    );
  }
};

const checkConcurrency = (concurrency: number, what: string): void => {
  const max = limits.creditMaxPerPool;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > max) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: concurrency must be a whole number from 1 to ${max}, not ${String(concurrency)}`,
    );
  }
};

const checkVersions = (versions: readonly number[], what: string): readonly number[] => {
  checkList(versions, `${what}: versions`);
  if (versions.length === 0) {
    throw new MillraceError('BAD_OPTION', `${what}: versions must name at least one version`);
  }
  return versions.map((version) => checkVersion(version, what));
};

const checkAliases = (aliases: readonly string[], what: string): readonly string[] => {
  checkList(aliases, `${what}: aliases`);
  return aliases.map((alias) => checkName('task', alias));
};

/**
 * Binds a task to the function that runs it. TypeScript rejects a function whose
 * parameter or return type does not fit the task.
 *
 * @throws BAD_OPTION for a name, a function or an option that is not valid
 */
export const handler = <Input, Output, Parsed, Returned>(
  task: TaskDefinition<Input, Output, Parsed, Returned>,
  fn: HandlerFunction<NoInfer<Parsed>, NoInfer<Returned>>,
  options: HandlerOptions = {},
): HandlerBinding => {
  checkTask(task, 'handler');
  const what = `handler of task '${checkName('task', task.name)}'`;
  checkName('queue', task.queue);
  if (typeof fn !== 'function') {
    throw new MillraceError('BAD_OPTION', `${what}: a function is needed, not ${described(fn)}`);
  }
  checkOptions(options, what);
  const { aliases = [], concurrency, retryIf, runner = 'inline', versions } = options;
  checkRunner(runner, what);
  if (concurrency !== undefined) {
    checkConcurrency(concurrency, what);
  }
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: retryIf is a function of the error, not ${described(retryIf)}`,
    );
  }
  const binding: HandlerBinding = {
    task,
    runner,
    concurrency: concurrency ?? defaultConcurrency(runner),
    sharesPool: concurrency === undefined,
    versions: versions === undefined ? [task.version ?? 1] : checkVersions(versions, what),
    aliases: checkAliases(aliases, what),
    retryIf,
    fn,
  };
  return Object.freeze(Object.assign(binding, { [handlerMark]: true }));
};

/** Whether `handler` made this value, in this or another copy of the package. */
export const isHandlerBinding = (value: unknown): value is HandlerBinding =>
  typeof value === 'object' && value !== null && handlerMark in value;
