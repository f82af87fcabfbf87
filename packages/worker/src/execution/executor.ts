import { type Clock, limits, systemClock } from '@millrace/protocol';
import { handlerNotFound } from '../attempt/run-handler.ts';
import type { Assignment, Runner } from '../attempt/runner.ts';
import type { HandlerBinding } from '../handlers/handler.ts';
import { handlerTable } from '../handlers/handler-table.ts';
import { handlerModuleUrl, loadHandlers } from '../handlers/load-handlers.ts';
import { isolatedRunner } from '../runners/process.ts';
import { tuning } from '../tuning.ts';
import { type Execution, execute, finished, type StopStep } from './execution.ts';
import { type ExecutorPool, type HandlerSource, planPools, type RunningPool } from './pools.ts';

export interface ExecutorOptions {
  /** A handler module, by path or `file:` URL, or a list of handlers, which must all be inline. */
  readonly handlers: string | URL | readonly HandlerBinding[];
  /**
   * Time from the abort of a signal, at the deadline or a cancellation, to the end of the kill,
   * in ms. Default 10 s, which is also the maximum, because the manager gives an attempt up soon
   * after that.
   */
  readonly killGraceMs?: number;
  /** Clock for deadlines and graces. Default: the system clock. */
  readonly clock?: Clock;
}

/** Runs every handler of a worker. The threads and processes of its pools are started ahead; those of suspects are not. */
export interface Executor {
  readonly pools: readonly ExecutorPool[];
  /** Callers keep fewer than `slots` attempts of the pool open when they call this. */
  run(poolId: number, assignment: Assignment): Execution;
  /**
   * Kills running attempts; resolves when no thread or process is left and no
   * inline handler runs. Callers bound their wait, because an inline handler that
   * ignores its signal, or a thread in a blocking system call, keeps this pending.
   */
  close(): Promise<void>;
  /**
   * Whether suspects, the tasks whose worker was lost before, each run in a process of their own.
   * Handlers from a list cannot: a process needs a module to import.
   */
  readonly isolates: boolean;
  /** Threads that have not ended. `process.exit` waits for them. */
  readonly liveThreads: number;
}

const notFound = (assignment: Assignment): Execution =>
  finished({ kind: 'failed', error: handlerNotFound(assignment) });

const isHandlerList = (
  handlers: ExecutorOptions['handlers'],
): handlers is readonly HandlerBinding[] => Array.isArray(handlers);

const sourceOf = async (handlers: ExecutorOptions['handlers']): Promise<HandlerSource> =>
  isHandlerList(handlers)
    ? { handlers: handlerTable(handlers, 'the list of handlers'), moduleUrl: null }
    : { handlers: await loadHandlers(handlers), moduleUrl: handlerModuleUrl(handlers).href };

/** The runner of suspects. Each holds a slot of its pool; `isolatedProcesses` bounds how many run at a time. */
const isolationOf = ({ moduleUrl }: HandlerSource): Runner | undefined =>
  moduleUrl === null ? undefined : isolatedRunner(moduleUrl, tuning.isolatedProcesses);

const closePools = async (pools: readonly RunningPool[]): Promise<void> => {
  await Promise.all(pools.map(({ runner }) => runner.close()));
};

const liveThreadsOf = (pools: readonly RunningPool[]): number =>
  pools.reduce((sum, { runner }) => sum + (runner.kind === 'thread' ? runner.liveSlots : 0), 0);

const startPools = async (pools: readonly RunningPool[]): Promise<void> => {
  try {
    await Promise.all(pools.map(({ runner }) => runner.start()));
  } catch (error) {
    await closePools(pools);
    throw error;
  }
};

/**
 * Loads the handlers, starts the threads and processes that they ask for, and
 * resolves when every slot is ready.
 *
 * @param onStep called at the deadline of an attempt, and before it is killed
 * @throws HANDLER_INVALID if the module or list cannot be used
 * @throws HANDLER_NOT_IMPORTABLE if a listed handler asks for a thread or process
 * @throws RUNNER_DIED if a thread or process ends before it is ready
 */
export const createExecutor = async (
  options: ExecutorOptions,
  onStep: (step: StopStep) => void = () => {},
): Promise<Executor> => {
  const { clock = systemClock, killGraceMs = limits.killGraceMs } = options;
  const source = await sourceOf(options.handlers);
  const pools = planPools(source);
  const isolated = isolationOf(source);
  await startPools(pools);
  return {
    pools,
    isolates: isolated !== undefined,
    run: (poolId, assignment) => {
      const pool = pools[poolId];
      if (pool?.handlers.find(assignment) === undefined) {
        return notFound(assignment);
      }
      const runner = assignment.losses > 0 ? (isolated ?? pool.runner) : pool.runner;
      return execute(runner, assignment, { killGraceMs, clock, onStep });
    },
    close: async () => {
      await Promise.all([closePools(pools), isolated?.close()]);
    },
    get liveThreads() {
      return liveThreadsOf(pools);
    },
  };
};
