import {
  type AnyTask,
  type CallOptions,
  limits,
  type MessageNamed,
  type NewTask,
  sendEnqueue,
  type TaskOptions,
} from '@millrace/protocol';
import { checkBatch, newTask, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';
import { settingsOf } from './task-settings.ts';

export interface EnqueueOptions extends TaskOptions, CallOptions {
  /**
   * How long to wait in all. Default: 5 s for room in a full queue, and ten minutes without
   * a manager to reach.
   */
  readonly timeoutMs?: number;
}

/** The task with which the manager answered an enqueue. */
export interface Enqueued {
  readonly taskId: string;
  /** Whether the enqueue made the task; otherwise the task was there before, and does the work. */
  readonly isNew: boolean;
}

const enqueuedOf = (
  tasks: readonly NewTask[],
  existing: MessageNamed<'enqueued'>['existing'] = [],
): Enqueued[] => {
  const doing = new Map(existing.map(({ index, taskId }) => [index, taskId]));
  return tasks.map(({ taskId }, index) => ({
    taskId: doing.get(index) ?? taskId,
    isNew: !doing.has(index),
  }));
};

/** Adds tasks, all or none; resolves with `answerOf` of them when they are on disk. */
export const enqueue = <T>(
  port: ProducerPort,
  task: AnyTask,
  inputs: readonly unknown[],
  options: EnqueueOptions | undefined,
  answerOf: (tasks: readonly Enqueued[]) => T,
): Promise<T> =>
  whenChecked(port, task, inputs, options ?? {}, ({ signal, timeoutMs }) => {
    const settings = settingsOf(task, options);
    const tasks = inputs.map((input) => newTask(port, task, input, settings));
    if (tasks.length === 0) {
      return Promise.resolve(answerOf([]));
    }
    checkBatch(port, task, tasks);
    const roomMs = timeoutMs ?? limits.enqueueTimeoutMs;
    const wait = { roomMs, timeoutMs, signal };
    return sendEnqueue(port, tasks, wait, (existing) => answerOf(enqueuedOf(tasks, existing)));
  });
