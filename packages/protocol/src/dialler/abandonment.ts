import { checkTimeout } from '../words/definition.ts';
import { MillraceError, messageOf } from '../words/errors.ts';
import { checkOptions } from '../words/given.ts';

/** How long a call may take, and who may end it sooner. */
export interface CallOptions {
  /** How long to wait for the answer, in all. Default: without limit. Zero or less means do not wait. */
  readonly timeoutMs?: number;
  /** Ends the call when it is aborted. The code of the error says what became of the request. */
  readonly signal?: AbortSignal;
}

/** Options without those that are undefined. */
export const callOptions = (
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): CallOptions => ({
  ...(signal === undefined ? {} : { signal }),
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

/** Why a request ended without an answer, and how far it came. */
export interface Abandonment {
  /** Whether the request was given to a connection; if not, it had no effect. */
  readonly wasSent: boolean;
  /** Whether the caller's signal ended it; otherwise its time was up. */
  readonly isAborted: boolean;
  /** The reason of the signal, or the error of the connection; undefined if a manager is connected. */
  readonly cause: unknown;
}

/** A call that the caller's signal ended. Its name is that of the platform's own errors of this kind. */
export class CallAborted extends MillraceError {
  constructor(code: 'ABORTED' | 'NOT_SENT' | 'UNKNOWN', message: string, reason: unknown) {
    super(code, message, { cause: reason });
    this.name = 'AbortError';
  }
}

const because = (cause: unknown): string => (cause === undefined ? '' : `: ${messageOf(cause)}`);

const timeUp = (
  code: 'TIMEOUT' | 'NOT_SENT' | 'UNKNOWN',
  message: string,
  cause: unknown,
): MillraceError =>
  new MillraceError(code, message + because(cause), cause === undefined ? {} : { cause });

/**
 * The error of a request that changes nothing: ABORTED or TIMEOUT.
 *
 * @param what the request, such as `the status`
 */
export const readAbandoned = (
  { cause, isAborted }: Abandonment,
  what: string,
  timeoutMs: number,
): MillraceError => {
  if (isAborted) {
    return new CallAborted('ABORTED', `the wait for ${what} was aborted`, cause);
  }
  const answer = cause === undefined ? 'no answer' : 'no manager was connected to answer';
  return timeUp(
    'TIMEOUT',
    `${answer} within ${Math.round(timeoutMs)} ms to the request for ${what}`,
    cause,
  );
};

/**
 * The error of a request that changes something: NOT_SENT if it cannot have happened,
 * otherwise UNKNOWN.
 *
 * @param what the request, such as `the cancel of task t-1`
 * @param doubt what may have happened, such as `the task may or may not be cancelled`
 */
export const changeAbandoned = (
  { cause, isAborted, wasSent }: Abandonment,
  what: string,
  timeoutMs: number,
  doubt: string,
): MillraceError => {
  if (isAborted) {
    return wasSent
      ? new CallAborted('UNKNOWN', `${what} was aborted before its answer: ${doubt}`, cause)
      : new CallAborted('NOT_SENT', `${what} was aborted before it was sent`, cause);
  }
  return wasSent
    ? timeUp('UNKNOWN', `no answer within ${Math.round(timeoutMs)} ms to ${what}, ${doubt}`, cause)
    : timeUp(
        'NOT_SENT',
        `${what} was not sent: no manager within ${Math.round(timeoutMs)} ms`,
        cause,
      );
};

/**
 * Checks the options of a call.
 *
 * @throws BAD_OPTION
 */
export const checkCall = (options: CallOptions, what: string): void => {
  checkOptions(options, what);
  const given: { readonly signal?: unknown } = options;
  if (options.timeoutMs !== undefined) {
    checkTimeout(options.timeoutMs, what);
  }
  // A signal of another realm, or of a polyfill, is none of this realm's class.
  const { signal } = given;
  const isSignal =
    typeof signal === 'object' &&
    signal !== null &&
    'aborted' in signal &&
    'addEventListener' in signal;
  if (signal !== undefined && !isSignal) {
    throw new MillraceError('BAD_OPTION', `${what}: signal is an AbortSignal`);
  }
};
