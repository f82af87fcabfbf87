import {
  type AnyTask,
  type CallOptions,
  limits,
  type NewTask,
  sendEnqueue,
  type TaskOptions,
} from '@millrace/protocol';
import { checkBatch, newTask, settingsOf, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';

export interface EnqueueOptions extends TaskOptions, CallOptions {
  /**
   * How long to wait in all. Default: 5 s for room in a full queue, and ten minutes without
   * a manager to reach.
   */
  readonly timeoutMs?: number;
}

/** Adds tasks, all or none; resolves with `answerOf` of them when they are on disk. */
export const enqueue = <T>(
  port: ProducerPort,
  task: AnyTask,
  inputs: readonly unknown[],
  options: EnqueueOptions | undefined,
  answerOf: (tasks: readonly NewTask[]) => T,
): Promise<T> =>
  whenChecked(port, task, inputs, options ?? {}, ({ signal, timeoutMs }) => {
    const settings = settingsOf(task, options);
    const tasks = inputs.map((input) => newTask(port, task, input, settings));
    if (tasks.length === 0) {
      return Promise.resolve(answerOf(tasks));
    }
    checkBatch(port, task, tasks);
    const roomMs = timeoutMs ?? limits.enqueueTimeoutMs;
    return sendEnqueue(port, tasks, { roomMs, timeoutMs, signal }, answerOf(tasks));
  });
