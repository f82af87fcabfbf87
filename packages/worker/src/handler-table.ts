import { type AnyTask, MillraceError } from '@millrace/protocol';
import { type HandlerBinding, isHandlerBinding } from './handler.ts';

/** The name of one task: what an assignment is matched by. */
export interface TaskKey {
  readonly queue: string;
  readonly name: string;
}

/** Handlers by the task that they run. */
export type HandlerTable = ReadonlyMap<string, HandlerBinding>;

/** Unambiguous: no name contains NUL. */
const keyOf = ({ queue, name }: TaskKey): string => `${queue}\0${name}`;

const invalid = (where: string, what: string): MillraceError =>
  new MillraceError('HANDLER_INVALID', `${where} ${what}`);

const describe = ({ name, queue }: AnyTask): string => `task '${name}' of queue '${queue}'`;

/**
 * Checks a list of handlers.
 *
 * @param where names the list in the error, such as `the default export of /app/handlers.js`
 * @throws HANDLER_INVALID unless it is a non-empty array of what `handler` made,
 * with at most one entry per task
 */
export const handlerTable = (listed: unknown, where: string): HandlerTable => {
  if (!Array.isArray(listed)) {
    throw invalid(where, 'is not an array of handlers');
  }
  if (listed.length === 0) {
    throw invalid(where, 'is empty: there is nothing to run');
  }
  const table = new Map<string, HandlerBinding>();
  for (const [index, entry] of listed.entries()) {
    if (!isHandlerBinding(entry)) {
      throw invalid(where, `has an entry [${index}] that was not made by handler()`);
    }
    if (table.has(keyOf(entry.task))) {
      throw invalid(where, `binds ${describe(entry.task)} twice`);
    }
    table.set(keyOf(entry.task), entry);
  }
  return table;
};

export const findHandler = (table: HandlerTable, task: TaskKey): HandlerBinding | undefined =>
  table.get(keyOf(task));
