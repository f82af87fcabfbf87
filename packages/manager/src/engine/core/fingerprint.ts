import { decodeErrorDetails, type TaskError } from '@millrace/protocol';
import { fnv1a } from '../../structures/fnv1a.ts';
import type { Task } from './task.ts';

/** The first line of a stack that names a place. */
const firstFrame = (stack: string): string => /^\s+at .*$/m.exec(stack)?.[0].trim() ?? '';

/** Ids, counts and line numbers differ from task to task and from deploy to deploy. */
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
 * What tasks have in common that died of the same cause: queue, task, and the name, the code, the
 * first frame and the message of the error, without their numbers. 16 hexadecimal digits.
 */
export const fingerprintOf = (task: Task): string => {
  const text = task.error === undefined ? '' : partsOf(task, task.error).join('\0');
  return half(text, 0) + half(text, 1);
};
