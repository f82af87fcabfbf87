import { type ErrorCode, errorTable, isErrorCode } from './error-codes.ts';
import { limits } from './limits.ts';

/** A registered symbol, because one process may load several copies of this package. */
const errorMark = Symbol.for('millrace.error');

const isMarked = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && errorMark in value;

/**
 * The one error class of millrace. Match on `code`, which is stable; the text
 * says what happened, to which queue or task, and what to do next.
 */
export class MillraceError extends Error {
  /** The name that `instanceof` looks for in an error of another copy of this package. */
  static readonly kind: string = 'MillraceError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MillraceError';
    this.code = code;
  }

  /** Also true for an error of the same kind that another copy of this package made. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) {
      return true;
    }
    // A class of a user that extends this one has no kind of its own.
    if (!Object.hasOwn(this, 'kind') || !isMarked(value)) {
      return false;
    }
    return this.kind === 'MillraceError' || (value instanceof Error && value.name === this.kind);
  }

  get [errorMark](): true {
    return true;
  }

  /** Whether the error ends the connection on which it happens. */
  get fatal(): boolean {
    return errorTable[this.code].fatal;
  }

  /** Whether the same request may succeed later. */
  get retry(): boolean {
    return errorTable[this.code].retry;
  }
}

/** No item arrived within the timeout of a `get` or `lease`. */
export class QueueEmpty extends MillraceError {
  static override readonly kind = 'QueueEmpty';

  constructor(queue: string, timeoutMs: number) {
    const waited = timeoutMs > 0 ? `stayed empty for ${timeoutMs} ms` : 'is empty';
    super('QUEUE_EMPTY', `queue '${queue}' ${waited}`);
    this.name = 'QueueEmpty';
  }
}

/** The queue stayed at its bound for the whole timeout of a `put` or `enqueue`. */
export class QueueFull extends MillraceError {
  static override readonly kind = 'QueueFull';

  constructor(message: string) {
    super('QUEUE_FULL', message);
    this.name = 'QueueFull';
  }
}

/** A handler throws this to make its task dead at once, without further attempts. */
export class Unrecoverable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unrecoverable';
  }
}

/** @throws BAD_OPTION unless `wait` is at most ten years, in ms or as a Date */
const waitMsOf = (wait: number | Date, what: string): number => {
  const waitMs: unknown = wait instanceof Date ? wait.getTime() - Date.now() : wait;
  if (typeof waitMs !== 'number' || !(waitMs <= limits.delayMaxMs)) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: a wait of 0 to ${limits.delayMaxMs} ms or a valid Date is needed, not ${String(wait)}`,
    );
  }
  return Math.max(0, Math.round(waitMs));
};

/** A handler throws this to fail its attempt, and to choose when the next attempt begins, if one is left. */
export class RetryAfter extends Error {
  /** From the end of the attempt. */
  readonly waitMs: number;

  /** @throws BAD_OPTION for a wait beyond ten years, and for a Date that is none */
  constructor(wait: number | Date, message?: string, options?: ErrorOptions) {
    const waitMs = waitMsOf(wait, 'RetryAfter');
    super(message ?? `the handler asks for another attempt after ${waitMs} ms`, options);
    this.name = 'RetryAfter';
    this.waitMs = waitMs;
  }
}

/** A handler throws this to put its task off: the attempt does not count as failed. */
export class Snooze extends Error {
  /** From the end of the attempt. */
  readonly waitMs: number;

  /** @throws BAD_OPTION for a wait beyond ten years, and for a Date that is none */
  constructor(wait: number | Date) {
    const waitMs = waitMsOf(wait, 'Snooze');
    super(`the handler puts its task off for ${waitMs} ms`);
    this.name = 'Snooze';
    this.waitMs = waitMs;
  }
}

/**
 * The code of an error of millrace, also of one made by another copy of this package. The
 * code of any other error is none of millrace's, whatever it says.
 */
export const codeOf = (error: unknown): ErrorCode | undefined => {
  if (!isMarked(error) || !(error instanceof Error)) {
    return undefined;
  }
  if (!('code' in error) || typeof error.code !== 'string') {
    return undefined;
  }
  return isErrorCode(error.code) ? error.code : undefined;
};

/** The message of a thrown value, whatever it is. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** `text` cut to at most `maxBytes` of UTF-8, between characters. */
export const clip = (text: string, maxBytes: number): string => {
  if (Buffer.byteLength(text) <= maxBytes) {
    return text;
  }
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
};
