import {
  type AnyTask,
  limits,
  type NewTask,
  sendEnqueue,
  type TaskOptions,
} from '@millrace/protocol';
import { checkBatch, newTask, settingsOf, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';

export interface EnqueueOptions extends TaskOptions {
  /**
   * How long to wait for room in a full queue. Default 5 s. Without a manager to reach,
   * the request is sent again for ten minutes, whatever this value.
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
  whenChecked(task, inputs, () => {
    const settings = settingsOf(task, options);
    const tasks = inputs.map((input) => newTask(port, task, input, settings));
    if (tasks.length === 0) {
      return Promise.resolve(answerOf(tasks));
    }
    checkBatch(port, task, tasks);
    const timeoutMs = options?.timeoutMs ?? limits.enqueueTimeoutMs;
    return sendEnqueue(port, tasks, timeoutMs, answerOf(tasks));
  });
