import { StringDecoder } from 'node:string_decoder';
import { inspect } from 'node:util';
import { codeOf, type ErrorCode, limits, type TaskError } from '@millrace/protocol';

/** The longest start of a text that fits, never cut inside a character. */
const fit = (text: string, maxBytes: number): string => {
  const bytes = Buffer.from(text.slice(0, maxBytes));
  return new StringDecoder('utf8').write(bytes.subarray(0, maxBytes));
};

const bounded = (name: string, message: string, stack: string, retry: boolean): TaskError => ({
  name: fit(name, limits.taskNameMaxBytes),
  message: fit(message, limits.errorMessageMaxBytes),
  stack: fit(stack, limits.errorStackMaxBytes),
  retry,
});

/** Reads what user code threw: its getters and proxies may throw again. */
const guarded = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const textOf = (thrown: unknown, key: 'name' | 'message' | 'stack'): string | undefined =>
  guarded(() => {
    const value: unknown = Reflect.get(Object(thrown), key);
    return typeof value === 'string' ? value : undefined;
  });

const describe = (thrown: unknown): string =>
  typeof thrown === 'string'
    ? thrown
    : (guarded(() => inspect(thrown, { depth: 2, customInspect: false })) ?? 'unreadable');

/** The code of an error made by millrace, of this or another copy of the package. */
export const safeCodeOf = (thrown: unknown): ErrorCode | undefined => guarded(() => codeOf(thrown));

/** Whether a handler said that no further attempt can help. */
export const isUnrecoverable = (thrown: unknown): boolean =>
  textOf(thrown, 'name') === 'Unrecoverable';

/**
 * Whatever was thrown, as data of bounded size. Never throws. An error of
 * millrace goes by its code, since a code has no other place to travel in.
 */
export const taskErrorOf = (thrown: unknown, retry: boolean): TaskError => {
  const name = safeCodeOf(thrown) ?? textOf(thrown, 'name') ?? 'Error';
  const message = textOf(thrown, 'message') ?? describe(thrown);
  return bounded(name, message, textOf(thrown, 'stack') ?? '', retry);
};

/** A failure that the worker itself states; a later attempt may succeed. */
export const statedError = (code: ErrorCode, message: string): TaskError =>
  bounded(code, message, '', true);

/** The error of an attempt that ended late: what it ended with, under DEADLINE_EXCEEDED. */
export const deadlineError = (ended: TaskError): TaskError => {
  const message = `no result before the deadline; then ${ended.name}: ${ended.message}`;
  return bounded('DEADLINE_EXCEEDED', message, ended.stack, ended.retry);
};
