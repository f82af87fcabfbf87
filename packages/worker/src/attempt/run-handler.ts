import {
  type AnyTask,
  checkSchema,
  decodePayload,
  type Eventually,
  encodePayload,
  tryThen,
} from '@millrace/protocol';
import type { HandlerBinding } from '../handlers/handler.ts';
import type { HandlerTable } from '../handlers/handler-table.ts';
import type { Attempt } from './attempt.ts';
import type { Assignment, RunEnd } from './runner.ts';
import { isUnrecoverable, safeCodeOf, statedError, taskErrorOf } from './task-error.ts';

const readInput = (task: AnyTask, payload: Uint8Array): unknown => {
  const what = `payload of task '${task.name}'`;
  return checkSchema(task.input, decodePayload(payload, what), what);
};

const returnedBy = (
  task: AnyTask,
  returned: unknown,
  resultMaxBytes: number,
): Eventually<RunEnd> => {
  const what = `result of task '${task.name}'`;
  return tryThen(
    () => checkSchema(task.output, returned, what),
    (value) => encoded(value, what, resultMaxBytes),
    (thrown) => threw(thrown, true),
  );
};

/** What cannot travel once is not worth the same work again. */
const encoded = (value: unknown, what: string, maxBytes: number): RunEnd => {
  try {
    return { kind: 'returned', result: encodePayload(value, what, maxBytes) };
  } catch (thrown) {
    return threw(thrown, false);
  }
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

const call = (
  binding: HandlerBinding,
  input: unknown,
  attempt: Attempt,
  resultMaxBytes: number,
): Eventually<RunEnd> =>
  tryThen(
    () => {
      attempt.throwIfAborted();
      return binding.fn(input, attempt);
    },
    (returned) => returnedBy(binding.task, returned, resultMaxBytes),
    (thrown) => threw(thrown, !isUnrecoverable(thrown)),
  );

/**
 * The inside of every runner: payload → handler → result, each side checked
 * against the schema of the task. Whatever is thrown becomes data; never throws
 * or rejects. Where handler and schemas wait for nothing, the end is there at once.
 */
export const runHandler = (
  handlers: HandlerTable,
  assignment: Assignment,
  attempt: Attempt,
): Eventually<RunEnd> => {
  const binding = handlers.find(assignment);
  if (binding === undefined) {
    return { kind: 'threw', error: handlerNotFound(assignment) };
  }
  return tryThen(
    () => readInput(binding.task, assignment.payload),
    (input) => call(binding, input, attempt, assignment.resultMaxBytes),
    (thrown) => threw(thrown, !isRefusedInput(thrown)),
  );
};

/** Another worker, or a newer version of this one, may have the handler. */
export const handlerNotFound = ({ queue, name }: Assignment) =>
  statedError(
    'HANDLER_NOT_FOUND',
    `this worker has no handler of task '${name}' of queue '${queue}'`,
  );
