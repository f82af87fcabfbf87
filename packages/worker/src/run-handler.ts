import { type AnyTask, checkSchema, decodePayload, encodePayload } from '@millrace/protocol';
import type { Attempt } from './attempt.ts';
import { findHandler, type HandlerTable } from './handler-table.ts';
import type { Assignment, RunEnd } from './runners/runner.ts';
import { isUnrecoverable, safeCodeOf, statedError, taskErrorOf } from './task-error.ts';

const readInput = async (task: AnyTask, payload: Uint8Array): Promise<unknown> => {
  const what = `payload of task '${task.name}'`;
  return checkSchema(task.input, decodePayload(payload, what), what);
};

const writeResult = async (task: AnyTask, returned: unknown): Promise<Uint8Array> => {
  const what = `result of task '${task.name}'`;
  return encodePayload(await checkSchema(task.output, returned, what), what);
};

/** The same payload will be refused by every attempt. */
const isRefusedInput = (thrown: unknown): boolean => {
  const code = safeCodeOf(thrown);
  return code === 'SCHEMA_MISMATCH' || code === 'PAYLOAD_INVALID';
};

const threw = (thrown: unknown, retry: boolean): RunEnd => ({
  kind: 'threw',
  error: taskErrorOf(thrown, retry),
});

/**
 * The inside of every runner: payload → handler → result, each side checked
 * against the schema of the task. Whatever is thrown becomes data; never rejects.
 */
export const runHandler = async (
  handlers: HandlerTable,
  assignment: Assignment,
  attempt: Attempt,
): Promise<RunEnd> => {
  const binding = findHandler(handlers, assignment);
  if (binding === undefined) {
    return { kind: 'threw', error: handlerNotFound(assignment) };
  }
  let input: unknown;
  try {
    input = await readInput(binding.task, assignment.payload);
  } catch (thrown) {
    return threw(thrown, !isRefusedInput(thrown));
  }
  try {
    attempt.throwIfAborted();
    const returned = await binding.fn(input, attempt);
    return { kind: 'returned', result: await writeResult(binding.task, returned) };
  } catch (thrown) {
    return threw(thrown, !isUnrecoverable(thrown));
  }
};

/** Another worker, or a newer version of this one, may have the handler. */
export const handlerNotFound = ({ queue, name }: Assignment) =>
  statedError(
    'HANDLER_NOT_FOUND',
    `this worker has no handler of task '${name}' of queue '${queue}'`,
  );
