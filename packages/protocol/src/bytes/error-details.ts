import { clip } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { decodePayload, encodePayload } from './payload.ts';

/** An error as plain data. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The `code` of the error, of whatever library: millrace does not take it for its own. */
  readonly code?: string;
  readonly cause?: PlainError;
  /** The errors of an `AggregateError`. */
  readonly errors?: readonly PlainError[];
}

/** The decoded `details` of a TaskError: a `PlainError` without its own texts. */
export type ErrorDetails = Pick<PlainError, 'code' | 'cause' | 'errors'>;

/** Bytes of an error beside its texts, at most. */
const FIELDS_BYTES = 64;

/** Copies errors as long as their bytes fit; what does not fit is left out. */
class Cutter {
  #bytesLeft: number = limits.errorDetailsMaxBytes - FIELDS_BYTES;

  details({ cause, code, errors }: ErrorDetails, depth: number): ErrorDetails {
    const cutCode = code === undefined ? undefined : this.#text(code, limits.errorCodeMaxBytes);
    const cutCause = cause === undefined ? undefined : this.#error(cause, depth);
    const cutErrors = (errors ?? []).flatMap((error) => this.#error(error, depth) ?? []);
    return {
      ...(cutCode === undefined ? {} : { code: cutCode }),
      ...(cutCause === undefined ? {} : { cause: cutCause }),
      ...(cutErrors.length === 0 ? {} : { errors: cutErrors }),
    };
  }

  #error(error: PlainError, depth: number): PlainError | undefined {
    if (depth <= 0 || this.#bytesLeft <= FIELDS_BYTES) {
      return undefined;
    }
    this.#bytesLeft -= FIELDS_BYTES;
    const name = this.#text(error.name, limits.taskNameMaxBytes);
    const message = this.#text(error.message, limits.errorMessageMaxBytes);
    // A stack is the first to go: an eighth of what is left leaves room for the errors below.
    const stack = this.#text(
      error.stack,
      Math.min(limits.errorStackMaxBytes, Math.floor(this.#bytesLeft / 8)),
    );
    return { name, message, stack, ...this.details(error, depth - 1) };
  }

  #text(text: string, maxBytes: number): string {
    const cut = clip(text.toWellFormed(), Math.max(0, Math.min(maxBytes, this.#bytesLeft)));
    this.#bytesLeft -= Buffer.byteLength(cut);
    return cut;
  }
}

/** Code, causes and inner errors within their bounds; undefined if there are none. */
export const encodeErrorDetails = (details: ErrorDetails): Uint8Array | undefined => {
  const cut = new Cutter().details(details, limits.errorDetailsMaxDepth);
  return Object.keys(cut).length === 0 ? undefined : encodePayload(cut, 'the details of an error');
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

const detailsIn = (value: unknown): ErrorDetails => {
  if (!isRecord(value)) {
    return {};
  }
  const { cause, code, errors } = value;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(isRecord(cause) ? { cause: errorIn(cause) } : {}),
    ...(Array.isArray(errors) ? { errors: errors.filter(isRecord).map(errorIn) } : {}),
  };
};

const errorIn = (value: Readonly<Record<string, unknown>>): PlainError => ({
  name: textIn(value['name']),
  message: textIn(value['message']),
  stack: textIn(value['stack']),
  ...detailsIn(value),
});

/** The details that a peer wrote. Fields of another shape are left out. */
export const decodeErrorDetails = (details: Uint8Array | undefined): ErrorDetails => {
  if (details === undefined) {
    return {};
  }
  try {
    return detailsIn(decodePayload(details, 'the details of an error'));
  } catch {
    // A worker in another language wrote them; the error itself stands without them.
    return {};
  }
};
