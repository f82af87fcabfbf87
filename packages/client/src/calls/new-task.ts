import {
  type AnyTask,
  type CallOptions,
  checkCall,
  checkSchema,
  checkTaskOptions,
  encodePayload,
  limits,
  MillraceError,
  type NewTask,
  type TaskOptions,
} from '@millrace/protocol';
import type { ProducerPort } from './port.ts';

/** An option that is `undefined` counts as absent: the definition's own value holds. */
const given = (options: TaskOptions): TaskOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/**
 * The options of the definition, overridden by those of the call.
 *
 * @throws BAD_OPTION
 */
export const settingsOf = (
  task: AnyTask,
  options: (TaskOptions & CallOptions) | undefined,
): TaskOptions => {
  if (options === undefined) {
    return task.options;
  }
  const { signal: _signal, timeoutMs: _timeoutMs, ...taskOptions } = options;
  checkCall(options, `task '${task.name}'`);
  checkTaskOptions(taskOptions, `task '${task.name}'`);
  return { ...task.options, ...given(taskOptions) };
};

/**
 * A task as ENQUEUE carries it, under a new id.
 *
 * @throws PAYLOAD_INVALID, PAYLOAD_TOO_LARGE
 */
export const newTask = (
  port: ProducerPort,
  task: AnyTask,
  input: unknown,
  settings: TaskOptions,
): NewTask => {
  const what = `the payload of task '${task.name}'`;
  const { attempts = limits.attempts, deadlineMs = limits.deadlineMs } = settings;
  return {
    taskId: port.newTaskId(),
    queue: task.queue,
    name: task.name,
    payload: encodePayload(input, what, port.payloadMaxBytes()),
    priority: settings.priority ?? 0,
    delayMs: settings.delayMs ?? 0,
    deadlineMs,
    attempts,
    expiresInMs: settings.expiresInMs,
  };
};

/** @throws PAYLOAD_TOO_LARGE unless one message can carry all tasks, which are added all or none */
export const checkBatch = (port: ProducerPort, task: AnyTask, tasks: readonly NewTask[]): void => {
  const maxBytes = port.messageMaxBytes();
  const bytes = tasks.reduce(
    (sum, { payload }) => sum + payload.length + limits.taskFieldsMaxBytes,
    0,
  );
  if (tasks.length > limits.listMaxItems || bytes > maxBytes) {
    throw new MillraceError(
      'PAYLOAD_TOO_LARGE',
      `one call takes at most ${limits.listMaxItems} tasks and ${maxBytes} bytes, this one has ${tasks.length} of task '${task.name}' with ${bytes} bytes: enqueue them in several calls`,
    );
  }
};

const checkInputs = async (task: AnyTask, inputs: readonly unknown[]): Promise<void> => {
  for (const input of inputs) {
    await checkSchema(task.input, input, `the payload of task '${task.name}'`);
  }
};

/**
 * Calls `send` once all inputs match the task's schema, and synchronously when the
 * task has none. The inputs are sent unparsed: the worker parses them, perhaps with a
 * newer schema.
 *
 * @throws SCHEMA_MISMATCH, and what `send` throws; always as a rejection
 */
export const whenChecked = <T>(
  task: AnyTask,
  inputs: readonly unknown[],
  send: () => Promise<T>,
): Promise<T> => {
  if (task.input !== undefined) {
    return checkInputs(task, inputs).then(send);
  }
  try {
    return send();
  } catch (error) {
    return Promise.reject(error);
  }
};
