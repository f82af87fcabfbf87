import { MillraceError } from '@millrace/protocol';
import { type HandlerBinding, isHandlerBinding } from './handler.ts';

/** A queue, a task name and a version, by which an assignment finds its handler. */
export interface Handle {
  readonly queue: string;
  readonly name: string;
  /** Undefined for version 1. */
  readonly version?: number | undefined;
}

/** The handles that a handler takes: each of its names in each of its versions. */
export const handlesOf = ({ aliases, task, versions }: HandlerBinding): Handle[] =>
  [task.name, ...aliases].flatMap((name) =>
    versions.map((version) => ({
      queue: task.queue,
      name,
      ...(version === 1 ? {} : { version }),
    })),
  );

/**
 * Handlers by the task that they run. Every attempt looks one up, so the table is
 * nested: a lookup builds no key.
 */
export class HandlerTable {
  readonly #bindings: HandlerBinding[] = [];
  readonly #byQueue = new Map<string, Map<string, HandlerBinding[]>>();

  constructor(bindings: Iterable<HandlerBinding> = []) {
    for (const binding of bindings) {
      this.add(binding);
    }
  }

  /** Every handler, in the order in which they were added. */
  get bindings(): readonly HandlerBinding[] {
    return this.#bindings;
  }

  add(binding: HandlerBinding): void {
    const { queue } = binding.task;
    const byName = this.#byQueue.get(queue) ?? new Map<string, HandlerBinding[]>();
    this.#byQueue.set(queue, byName);
    for (const name of new Set([binding.task.name, ...binding.aliases])) {
      byName.set(name, [...(byName.get(name) ?? []), binding]);
    }
    this.#bindings.push(binding);
  }

  find({ name, queue, version = 1 }: Handle): HandlerBinding | undefined {
    const bindings = this.#byQueue.get(queue)?.get(name);
    return bindings?.find(({ versions }) => versions.includes(version));
  }
}

const invalid = (where: string, what: string): MillraceError =>
  new MillraceError('HANDLER_INVALID', `${where} ${what}`);

const describe = ({ name, queue, version = 1 }: Handle): string =>
  `${version === 1 ? '' : `version ${version} of `}task '${name}' of queue '${queue}'`;

/**
 * Checks a list of handlers.
 *
 * @param where names the list in the error, such as `the default export of /app/handlers.js`
 * @throws HANDLER_INVALID unless `listed` is a non-empty array of bindings made by
 * `handler`, at most one for each version of a task
 */
export const handlerTable = (listed: unknown, where: string): HandlerTable => {
  if (!Array.isArray(listed)) {
    throw invalid(where, 'is not an array of handlers');
  }
  if (listed.length === 0) {
    throw invalid(where, 'is empty: there is nothing to run');
  }
  const table = new HandlerTable();
  for (const [index, entry] of listed.entries()) {
    if (!isHandlerBinding(entry)) {
      throw invalid(where, `has an entry [${index}] that was not made by handler()`);
    }
    const twice = handlesOf(entry).find((handle) => table.find(handle) !== undefined);
    if (twice !== undefined) {
      throw invalid(where, `binds ${describe(twice)} twice`);
    }
    table.add(entry);
  }
  return table;
};
