import { plainText } from './plain-text.ts';

/** JSON has no bytes and no 64-bit integers: the first become base64, the second text. */
const replacer = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') {
    return String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

/** A `Buffer` has a `toJSON` of its own, which is asked before the replacer. */
const plain = (value: unknown): unknown => (Buffer.isBuffer(value) ? new Uint8Array(value) : value);

/** A value as one line of JSON; `null` for nothing. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(plain(value), replacer) ?? 'null';

/** Data goes to stdout. A write that fails ends the process (`bin.ts`). */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** The same; resolves when it is written, and never when that fails. */
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

/** Talk goes to stderr. */
export const say = (line: string): void => {
  process.stderr.write(`millrace: ${plainText(line)}\n`);
};

/** Names and values, one pair a line. */
export const renderPairs = (pairs: readonly (readonly [string, string | number])[]): string => {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs
    .map(([name, value]) => `${name.padEnd(width)}  ${plainText(String(value))}`.trimEnd())
    .join('\n');
};
