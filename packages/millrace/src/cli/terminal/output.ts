import { plainText } from './plain-text.ts';

/**
 * JSON has neither bytes nor integers beyond 2^53: bytes become base64, such integers become
 * text. The holder has the value as it was before `toJSON`, which a Buffer has as well.
 */
function replacer(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  const held: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : value;
  return held instanceof Uint8Array ? Buffer.from(held).toString('base64') : value;
}

/** A value as one line of JSON; `null` for undefined. */
export const jsonLine = (value: unknown): string => JSON.stringify(value, replacer) ?? 'null';

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
  print(JSON.stringify(value, replacer, 2) ?? 'null');

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
