import { type AnyTask, MillraceError } from '@millrace/protocol';
import { importUserModule } from '@millrace/worker';

const isTask = (value: unknown): value is AnyTask =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'queue' in value &&
  typeof value.queue === 'string' &&
  'options' in value &&
  typeof value.options === 'object';

/** The definition in an export: itself, or that of a handler. */
const taskIn = (value: unknown): AnyTask[] => {
  const inner = typeof value === 'object' && value !== null && 'task' in value ? value.task : value;
  return isTask(inner) ? [inner] : [];
};

/** The exports of a module, and what is in lists and objects among them. */
function* exportsOf(value: unknown, depth: number): Generator {
  yield value;
  if (depth > 0 && typeof value === 'object' && value !== null && !isTask(value)) {
    for (const inner of Object.values(value)) {
      yield* exportsOf(inner, depth - 1);
    }
  }
}

/**
 * The definition of a task in a module of definitions or handlers.
 *
 * @param queue chooses among definitions of one name in several queues
 * @throws HANDLER_INVALID if the module cannot be imported; BAD_OPTION unless it has one
 *   such definition
 */
export const definitionIn = async (
  module: string,
  name: string,
  queue: string | undefined,
): Promise<AnyTask> => {
  const imported = await importUserModule(module, 'module');
  const all = new Set([...exportsOf(imported, 3)].flatMap(taskIn));
  const named = [...all].filter((task) => task.name === name);
  const [first, ...others] = named.filter((task) => queue === undefined || task.queue === queue);
  // With one definition of the name, another queue is the caller's choice.
  const found = first ?? (named.length === 1 ? named[0] : undefined);
  if (found === undefined) {
    const known = [...all].map((task) => task.name).join(', ') || 'none';
    throw new MillraceError(
      'BAD_OPTION',
      `${module} exports no definition of task '${name}'; it has ${known}`,
    );
  }
  if (others.some((other) => other.queue !== found.queue)) {
    throw new MillraceError(
      'BAD_OPTION',
      `${module} defines task '${name}' for several queues: choose one with --queue`,
    );
  }
  return found;
};
