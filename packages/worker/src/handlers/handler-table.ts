import { type AnyTask, MillraceError } from '@millrace/protocol';
import { type HandlerBinding, isHandlerBinding } from './handler.ts';

/** Queue and task name, by which an assignment finds its handler. */
export interface TaskKey {
  readonly queue: string;
  readonly name: string;
}

/**
 * Handlers by the task that they run. Every attempt looks one up, so the table is
 * nested: a lookup builds no key.
 */
export class HandlerTable {
  readonly #bindings: HandlerBinding[] = [];
  readonly #byQueue = new Map<string, Map<string, HandlerBinding>>();

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
    const { name, queue } = binding.task;
    const byName = this.#byQueue.get(queue) ?? new Map<string, HandlerBinding>();
    this.#byQueue.set(queue, byName.set(name, binding));
    this.#bindings.push(binding);
  }

  find({ name, queue }: TaskKey): HandlerBinding | undefined {
    return this.#byQueue.get(queue)?.get(name);
  }
}

const invalid = (where: string, what: string): MillraceError =>
  new MillraceError('HANDLER_INVALID', `${where} ${what}`);

const describe = ({ name, queue }: AnyTask): string => `task '${name}' of queue '${queue}'`;

/**
 * Checks a list of handlers.
 *
 * @param where names the list in the error, such as `the default export of /app/handlers.js`
 * @throws HANDLER_INVALID unless `listed` is a non-empty array of bindings made by
 * `handler`, at most one for each task
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
    if (table.find(entry.task) !== undefined) {
      throw invalid(where, `binds ${describe(entry.task)} twice`);
    }
    table.add(entry);
  }
  return table;
};
