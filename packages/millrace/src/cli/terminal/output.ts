import { plainText } from './plain-text.ts';

/** JSON has neither bytes nor 64-bit integers: bytes become base64, such integers become text. */
const replacer = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') {
    return String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

/** `Buffer` has its own `toJSON`, which JSON.stringify calls before the replacer. */
const plain = (value: unknown): unknown => (Buffer.isBuffer(value) ? new Uint8Array(value) : value);

/** A value as one line of JSON; `null` for undefined. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(plain(value), replacer) ?? 'null';

/** Writes data to stdout. A failed write ends the process (`bin.ts`). */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Like `print`; resolves when the text is written, and never if the write fails. */
export const printed = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(`${text}\n`, (error) => {
      if (error === null || error === undefined) {
        resolve();
      }
    });
  });

export const printJson = (value: unknown): void =>
  print(JSON.stringify(plain(value), replacer, 2) ?? 'null');

/** Writes a message to stderr. */
export const say = (line: string): void => {
  process.stderr.write(`millrace: ${plainText(line)}\n`);
};

/** Names and values as text, one pair on a line. */
export const renderPairs = (pairs: readonly (readonly [string, string | number])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => `${name.padEnd(width)}  ${plainText(String(value))}`.trimEnd())
    .join('\n');
};
