import { limits, MillraceError } from '@millrace/protocol';
import type { Runner } from '../attempt/runner.ts';
import type { HandlerBinding, RunnerKind } from '../handlers/handler.ts';
import { type Handle, HandlerTable, handlesOf } from '../handlers/handler-table.ts';
import { InlineRunner } from '../runners/inline.ts';
import { processRunner } from '../runners/process.ts';
import { threadRunner } from '../runners/thread.ts';

/** Slots that serve the same tasks. A worker announces credit for each pool. */
export interface ExecutorPool {
  /** Index of the pool in the list of pools. */
  readonly id: number;
  readonly kind: RunnerKind;
  readonly slots: number;
  readonly handles: readonly Handle[];
}

/** Handlers, and the module from which threads and processes import them, or `null`. */
export interface HandlerSource {
  readonly handlers: HandlerTable;
  readonly moduleUrl: string | null;
}

type Group = [HandlerBinding, ...HandlerBinding[]];

/** A handler with a concurrency of its own has its own group; all others of a kind share one. */
const groupBindings = (bindings: Iterable<HandlerBinding>): readonly Group[] => {
  const groups: Group[] = [];
  const shared = new Map<RunnerKind, Group>();
  for (const binding of bindings) {
    const peers = binding.sharesPool ? shared.get(binding.runner) : undefined;
    if (peers !== undefined) {
      peers.push(binding);
      continue;
    }
    const group: Group = [binding];
    groups.push(group);
    if (binding.sharesPool) {
      shared.set(binding.runner, group);
    }
  }
  return groups;
};

const runnerOf = (binding: HandlerBinding, { handlers, moduleUrl }: HandlerSource): Runner => {
  const { runner, concurrency, task } = binding;
  if (runner === 'inline') {
    return new InlineRunner(handlers, concurrency);
  }
  if (moduleUrl === null) {
    throw new MillraceError(
      'HANDLER_NOT_IMPORTABLE',
      `the handler of task '${task.name}' asks for the runner '${runner}', which imports handlers from a module: give the worker a handler module instead of a list`,
    );
  }
  return runner === 'thread'
    ? threadRunner(moduleUrl, concurrency)
    : processRunner(moduleUrl, concurrency);
};

/** @throws HANDLER_INVALID with the first task whose pool is one too many */
const checkPools = (groups: readonly Group[]): readonly Group[] => {
  const max = limits.poolsPerSessionMax;
  const excess = groups[max];
  if (excess !== undefined) {
    throw new MillraceError(
      'HANDLER_INVALID',
      `the handlers need ${groups.length} pools, and a worker may have ${max}: remove 'concurrency' from some, such as that of task '${excess[0].task.name}', or divide the handlers among workers`,
    );
  }
  return groups;
};

/** A pool with its handlers and its runner. */
export interface RunningPool extends ExecutorPool {
  readonly handlers: HandlerTable;
  readonly runner: Runner;
}

/**
 * The pools for a set of handlers; no runner is started yet.
 *
 * @throws HANDLER_INVALID for more pools than a session may have
 * @throws HANDLER_NOT_IMPORTABLE for a thread or process handler without a module
 */
export const planPools = (source: HandlerSource): readonly RunningPool[] =>
  checkPools(groupBindings(source.handlers.bindings)).map((group, id) => {
    const [first] = group;
    const runner = runnerOf(first, source);
    const handles = group.flatMap(handlesOf);
    const handlers = new HandlerTable(group);
    return { id, kind: runner.kind, slots: runner.slots, handles, handlers, runner };
  });
