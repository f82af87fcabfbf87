import { decodeErrorDetails, type TaskError } from '@millrace/protocol';
import { fnv1a } from '../../structures/fnv1a.ts';
import type { Task } from './task.ts';

/** The first line of a stack that names a place in the code. */
const firstFrame = (stack: string): string => /^\s+at .*$/m.exec(stack)?.[0].trim() ?? '';

/** Numbers do not count: ids and counts differ between tasks, and line numbers between deploys. */
const withoutNumbers = (text: string): string => text.replaceAll(/\d+/g, '#');

const partsOf = (task: Task, { details, message, name, stack }: TaskError): readonly string[] => [
  task.lane.queue.spec.name,
  task.lane.name,
  name,
  decodeErrorDetails(details).code ?? '',
  withoutNumbers(firstFrame(stack)),
  withoutNumbers(message),
];

const half = (text: string, seed: number): string =>
  fnv1a(text, seed).toString(16).padStart(8, '0');

/**
 * The name of the cause of which a task died, in 16 hexadecimal digits: a hash of its queue and
 * task name, and of the name, the code, the first frame and the message of its error.
 */
export const fingerprintOf = (task: Task): string => {
  const text = task.error === undefined ? '' : partsOf(task, task.error).join('\0');
  return half(text, 0) + half(text, 1);
};
