import {
  type AnyTask,
  CallAborted,
  type CallOptions,
  callOptions,
  checkCall,
  checkList,
  checkSchema,
  checkTask,
  encodePayload,
  limits,
  MillraceError,
  type NewTask,
  retryPolicyOf,
} from '@millrace/protocol';
import type { ProducerPort } from './port.ts';
import type { TaskSettings } from './task-settings.ts';

/** @throws BAD_OPTION for a Date more than ten years from now */
const delayMsOf = (start: Date | number, wallMs: number, what: string): number => {
  const delayMs = start instanceof Date ? Math.max(0, start.getTime() - wallMs) : start;
  if (delayMs > limits.delayMaxMs) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: runAt must be within ten years from now, not ${String(start)}`,
    );
  }
  return Math.ceil(delayMs);
};

/** The rare options; undefined where there are none. */
export const optionsOf = (
  { version = 1 }: AnyTask,
  { keyed, retry = {} }: TaskSettings,
): NewTask['options'] => {
  const retryPolicy = retryPolicyOf(retry);
  if (retryPolicy === undefined && keyed === undefined && version === 1) {
    return undefined;
  }
  return {
    ...keyed,
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...(version === 1 ? {} : { version }),
  };
};

/**
 * A task as ENQUEUE carries it, under a new id.
 *
 * @throws PAYLOAD_INVALID, PAYLOAD_TOO_LARGE, BAD_OPTION
 */
export const newTask = (
  port: ProducerPort,
  task: AnyTask,
  input: unknown,
  settings: TaskSettings,
): NewTask => {
  const what = `the payload of task '${task.name}'`;
  const { attempts = limits.attempts, deadlineMs = limits.deadlineMs, start = 0 } = settings;
  return {
    taskId: port.newTaskId(),
    queue: task.queue,
    name: task.name,
    payload: encodePayload(input, what, port.payloadMaxBytes()),
    priority: settings.priority ?? 0,
    delayMs: delayMsOf(start, port.clock.wallMs(), `task '${task.name}'`),
    deadlineMs,
    attempts,
    expiresInMs: settings.expiresInMs,
    options: optionsOf(task, settings),
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

/** Ends a check of schemas that takes longer than the call may, or whose call is aborted. */
const checkedInTime = (
  port: ProducerPort,
  task: AnyTask,
  inputs: readonly unknown[],
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const giveUp = (isAborted: boolean): void => {
      finish();
      reject(
        isAborted
          ? new CallAborted(
              'NOT_SENT',
              `task '${task.name}' was aborted while its schema was checked, so nothing was sent`,
              signal?.reason,
            )
          : new MillraceError(
              'NOT_SENT',
              `the schema of task '${task.name}' was not checked within ${Math.round(timeoutMs)} ms, so nothing was sent`,
            ),
      );
    };
    const abort = (): void => giveUp(true);
    const stop =
      timeoutMs > 0 && Number.isFinite(timeoutMs)
        ? port.clock.after(timeoutMs, () => giveUp(false))
        : () => {};
    const finish = (): void => {
      stop();
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted === true) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort);
    checkInputs(task, inputs).then(resolve, reject).finally(finish);
  });

/** Checks the inputs of a task with a schema, and sends it in the time that is left. */
const sendChecked = async <T>(
  port: ProducerPort,
  task: AnyTask,
  inputs: readonly unknown[],
  call: CallOptions,
  send: (left: CallOptions) => Promise<T>,
): Promise<T> => {
  checkCall(call, `task '${task.name}'`);
  const { signal, timeoutMs } = call;
  const startedAtMs = port.clock.monotonicMs();
  await checkedInTime(port, task, inputs, call);
  const passedMs = port.clock.monotonicMs() - startedAtMs;
  return send(callOptions(signal, timeoutMs === undefined ? undefined : timeoutMs - passedMs));
};

/**
 * Calls `send` once all inputs match the task's schema, and synchronously when the
 * task has none. The inputs are sent unparsed: the worker parses them, perhaps with a
 * newer schema. `send` is given the time that is left.
 *
 * @throws BAD_OPTION; SCHEMA_MISMATCH; NOT_SENT when time or signal end the call before the schema has; and
 *   what `send` throws; always as a rejection
 */
export const whenChecked = <T>(
  port: ProducerPort,
  task: AnyTask,
  inputs: readonly unknown[],
  call: CallOptions,
  send: (left: CallOptions) => Promise<T>,
): Promise<T> => {
  try {
    checkTask(task, 'the first argument');
    checkList(inputs, `the payloads of task '${task.name}'`);
    return task.input === undefined ? send(call) : sendChecked(port, task, inputs, call, send);
  } catch (error) {
    return Promise.reject(error);
  }
};
