import { MillraceError } from '@millrace/protocol';
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

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export const durationMs = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === '') {
    throw new InvalidArgumentError(`'${text}' is not a time such as 500ms, 30s, 5m or 2h`);
  }
  return Math.round(Number(count) * (unitMs[unit] ?? 1));
};

export const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new MillraceError('BAD_OPTION', `the payload is not JSON: ${text}`);
  }
};

/** Collects an option that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  value,
];
