import { randomUUID } from 'node:crypto';
import { MillraceError, messageOf } from '@millrace/protocol';
import { InvalidArgumentError } from 'commander';

const SECOND_MS = 1_000;
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3_600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
};

export const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`'${text}' is not a whole number`);
  }
  return value;
};

/** A whole number of at least 1. */
export const countOf = (text: string): number => {
  const value = wholeNumber(text);
  if (value < 1) {
    throw new InvalidArgumentError(`'${text}' is less than 1`);
  }
  return value;
};

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export const durationMs = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === '') {
    throw new InvalidArgumentError(`'${text}' is not a time such as 500ms, 30s, 5m or 2h`);
  }
  return Math.round(Number(count) * (unitMs[unit] ?? 1));
};

/** Durations that are separated by commas, in milliseconds. */
export const durationsMs = (text: string): readonly number[] => text.split(',').map(durationMs);

/** An ISO 8601 time with its zone. Without a zone a time would depend on the host. */
export const instant = (text: string): Date => {
  const date = new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError(
      `'${text}' is not a time with a zone, such as 2030-01-31T08:00:00Z`,
    );
  }
  return date;
};

/** `50/s` or `50`: a number in a second. */
export const ratePerSecond = (text: string): number => {
  const rate = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)?.[1] ?? Number.NaN);
  if (!(rate > 0)) {
    throw new InvalidArgumentError(`'${text}' is not a rate such as 50/s`);
  }
  return rate;
};

/** Longest text that an error repeats. */
const SHOWN_CHARS = 200;

const shown = (text: string): string =>
  text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}… (${text.length} characters)`;

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const integer = /^-?\d+$/;

/**
 * Marks the integers beyond 2^53, which JSON.parse would round, as texts that begin with
 * `mark`.
 *
 * @throws BAD_OPTION for a number beyond the range of a double
 */
const markVast = (text: string, mark: string): string =>
  text.replaceAll(stringOrNumber, (token) => {
    if (token.startsWith('"') || Number.isSafeInteger(Number(token))) {
      return token;
    }
    if (!Number.isFinite(Number(token))) {
      throw new MillraceError('BAD_OPTION', `the number ${shown(token)} is too large for JSON`);
    }
    return integer.test(token) ? JSON.stringify(mark + token) : token;
  });

/**
 * The value of a JSON text. Integers beyond 2^53 become bigints, which travel exactly up to
 * 64 bits.
 *
 * @throws BAD_OPTION
 */
export const json = (text: string): unknown => {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new MillraceError(
      'BAD_OPTION',
      `the payload is not JSON, ${messageOf(error)}: ${shown(text)}`,
      { cause: error },
    );
  }
  const mark = `${randomUUID()}:`;
  return JSON.parse(markVast(text, mark), (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
};

/** Collects an option that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  value,
];
