import { StringDecoder } from 'node:string_decoder';
import { codeOf, type ErrorCode, limits, type TaskError } from '@millrace/protocol';
import { describeThrown, guarded } from './describe-thrown.ts';
import { detailsOf, innerTexts } from './error-details.ts';

/** The longest prefix of a text that fits into `maxBytes` of UTF-8; no character is cut. */
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

const textOf = (thrown: unknown, key: 'name' | 'message' | 'stack'): string | undefined =>
  guarded(() => {
    const value: unknown = Reflect.get(Object(thrown), key);
    return typeof value === 'string' ? value : undefined;
  });

/** The name of an error. A function has a name, too, which says nothing about what happened. */
const nameOf = (thrown: unknown): string => {
  const name = typeof thrown === 'function' ? undefined : textOf(thrown, 'name');
  return name === undefined || name === '' ? 'Error' : name;
};

/** The code of a millrace error, made by this or another copy of the package. */
export const safeCodeOf = (thrown: unknown): ErrorCode | undefined => guarded(() => codeOf(thrown));

/** Whether the handler threw `Unrecoverable`: no further attempt can help. */
export const isUnrecoverable = (thrown: unknown): boolean =>
  textOf(thrown, 'name') === 'Unrecoverable';

/**
 * The wait that a thrown `RetryAfter` or `Snooze` asks for, made by this or another copy of the
 * package; undefined for every other value.
 */
export const waitMsIn = (thrown: unknown, name: 'RetryAfter' | 'Snooze'): number | undefined => {
  if (textOf(thrown, 'name') !== name) {
    return undefined;
  }
  const waitMs = guarded((): unknown => Reflect.get(Object(thrown), 'waitMs'));
  return typeof waitMs === 'number' && waitMs >= 0 && waitMs <= limits.delayMaxMs
    ? Math.round(waitMs)
    : undefined;
};

/**
 * Any thrown value, as data of bounded size. Never throws. The code of a millrace
 * error becomes the `name`.
 */
export const taskErrorOf = (thrown: unknown, retry: boolean): TaskError => {
  const name = safeCodeOf(thrown) ?? nameOf(thrown);
  // The AggregateError of Promise.any and of net.connect may have no message of its own.
  const message =
    textOf(thrown, 'message') ||
    (innerTexts(thrown) ?? textOf(thrown, 'message') ?? describeThrown(thrown));
  const details = detailsOf(thrown);
  return {
    ...bounded(name, message, textOf(thrown, 'stack') ?? '', retry),
    ...(details === undefined ? {} : { details }),
  };
};

const uncaughtTexts = {
  UNHANDLED_REJECTION: 'nothing handled the rejection of a promise',
  UNCAUGHT_EXCEPTION: 'nothing caught an error',
} as const;

/** The error of an attempt that left an error uncaught. */
export const uncaughtError = (code: keyof typeof uncaughtTexts, thrown: unknown): TaskError => {
  const { message, name, ...others } = taskErrorOf(thrown, true);
  const said = `${uncaughtTexts[code]}: ${name}: ${message}`;
  return { ...others, ...bounded(code, said, others.stack, !isUnrecoverable(thrown)) };
};

/** An error of the worker itself; a later attempt may succeed. */
export const statedError = (code: ErrorCode, message: string): TaskError =>
  bounded(code, message, '', true);

/** The error of an attempt that passed its deadline, with the error that it then ended with. */
export const deadlineError = (ended: TaskError): TaskError => {
  // A handler that throws the reason of its signal says nothing new.
  const isReason = ended.name === 'DEADLINE_EXCEEDED';
  const then = isReason ? '' : `; the attempt then ended with ${ended.name}: ${ended.message}`;
  const message = `no result before the deadline${then}`;
  return { ...ended, ...bounded('DEADLINE_EXCEEDED', message, ended.stack, ended.retry) };
};
