import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Message, verbs } from '../messages/message-table.ts';
import { type ErrorCode, isErrorCode } from '../words/error-codes.ts';

const DIRECTORY = join(import.meta.dirname, '..', '..', 'vectors');

/** One example of `vectors/*.txt`: what it means, and the bytes of its frame. */
export interface Vector {
  readonly meaning: string;
  readonly hex: string;
  readonly frame: Uint8Array;
}

export interface GoodVector extends Vector {
  readonly messages: readonly Message[];
}

export interface BadVector extends Vector {
  readonly code: ErrorCode;
}

const NOT_HEX = /[^0-9a-f]/g;

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(NOT_HEX, ''), 'hex'));

const reviveBytes = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'hex' in value && typeof value.hex === 'string'
    ? bytesOf(value.hex)
    : value;

const isMessage = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'verb' in value &&
  typeof value.verb === 'string' &&
  Object.hasOwn(verbs, value.verb);

// Only the names are checked here; the tests of the vectors check the fields.
const areMessages = (value: unknown): value is readonly Message[] =>
  Array.isArray(value) && value.every(isMessage);

/** Messages as the vectors write them: JSON, with bytes as `h'00ff'`. */
export const parseMessages = (text: string): readonly Message[] => {
  const json = text.replaceAll(/h'([0-9a-f]*)'/g, '{"hex":"$1"}');
  const parsed: unknown = JSON.parse(json, reviveBytes);
  if (!areMessages(parsed)) {
    throw new Error(`not a list of messages: ${text}`);
  }
  return parsed;
};

const paragraphsOf = (file: string): string[][] =>
  readFileSync(join(DIRECTORY, file), 'utf8')
    .split(/\n{2,}/)
    .map((paragraph) =>
      paragraph.split('\n').filter((line) => line !== '' && !line.startsWith('//')),
    )
    .filter((lines) => lines.length > 0);

const vectorOf = ([meaning, , ...hexLines]: readonly string[]): Vector => {
  const hex = hexLines.join('\n');
  return { meaning: (meaning ?? '').replace(/^# /, ''), hex, frame: bytesOf(hex) };
};

export const readGoodVectors = (file: string): GoodVector[] =>
  paragraphsOf(file).map((lines) => ({
    ...vectorOf(lines),
    messages: parseMessages(lines[1] ?? ''),
  }));

export const readBadVectors = (file: string): BadVector[] =>
  paragraphsOf(file).map((lines) => {
    const code = (lines[1] ?? '').replace(/^! /, '');
    if (!isErrorCode(code)) {
      throw new Error(`${file}: '${code}' is not an error code`);
    }
    return { ...vectorOf(lines), code };
  });

/** Files whose frames are exactly what this implementation writes. */
export const exactFiles = readdirSync(DIRECTORY)
  .filter((file) => !['malformed.txt', 'tolerated.txt'].includes(file))
  .toSorted();
export const TOLERATED = 'tolerated.txt';
export const MALFORMED = 'malformed.txt';
