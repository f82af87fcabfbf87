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
import { isUnrecoverable, safeCodeOf, statedError, taskErrorOf, waitMsIn } from './task-error.ts';

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

/** A result that cannot be encoded makes the task dead: no attempt is likely to return another. */
const encoded = (value: unknown, what: string, maxBytes: number): RunEnd => {
  try {
    return { kind: 'returned', result: encodePayload(value, what, maxBytes) };
  } catch (thrown) {
    return threw(thrown, false);
  }
};

/** Whether the payload was refused, which every further attempt would do too. */
const isRefusedInput = (thrown: unknown): boolean => {
  const code = safeCodeOf(thrown);
  return code === 'SCHEMA_MISMATCH' || code === 'PAYLOAD_INVALID';
};

const threw = (thrown: unknown, retry: boolean) => ({
  kind: 'threw' as const,
  error: taskErrorOf(thrown, retry),
});

/** Whether another attempt may help, as `retryIf` says. A `retryIf` that throws counts as true. */
const mayRetry = ({ retryIf }: HandlerBinding, thrown: unknown): boolean => {
  try {
    return !isUnrecoverable(thrown) && (retryIf === undefined || retryIf(thrown));
  } catch {
    return true;
  }
};

const thrownBy = (binding: HandlerBinding, thrown: unknown): RunEnd => {
  const snoozeMs = waitMsIn(thrown, 'Snooze');
  if (snoozeMs !== undefined) {
    return { kind: 'snoozed', waitMs: snoozeMs };
  }
  const waitMs = waitMsIn(thrown, 'RetryAfter');
  const end = threw(thrown, waitMs !== undefined || mayRetry(binding, thrown));
  return waitMs === undefined ? end : { ...end, waitMs };
};

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
    (thrown) => thrownBy(binding, thrown),
  );

/**
 * Runs the handler of an assignment, in every runner: payload → handler → result,
 * with payload and result checked against the schemas of the task. Everything
 * thrown becomes a `RunEnd`; this function neither throws nor rejects. It returns
 * a promise only if the handler or a schema does.
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

/** May be retried: another worker, or a newer version of this one, may have the handler. */
export const handlerNotFound = ({ queue, name, version = 1 }: Assignment) =>
  statedError(
    'HANDLER_NOT_FOUND',
    `this worker has no handler for ${version === 1 ? '' : `version ${version} of `}task '${name}' of queue '${queue}'`,
  );
