import { open } from 'node:fs/promises';
import { limits, MillraceError, messageOf } from '@millrace/protocol';
import { json } from './parse.ts';

/** JSON takes at most six bytes for a byte of text, four for three of base64. */
const TEXT_MAX_BYTES = 6 * limits.payloadCeilingBytes;

/** @throws BAD_OPTION for more than any manager accepts */
const readAll = async (source: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > TEXT_MAX_BYTES) {
      throw new MillraceError('BAD_OPTION', `${what} has more than ${TEXT_MAX_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

const fileBytes = async (path: string, what: string): Promise<Uint8Array> => {
  const file = await open(path);
  try {
    return await readAll(file.createReadStream({ autoClose: false }), what);
  } finally {
    await file.close();
  }
};

const bytesOf = (argument: string, what: string): Promise<Uint8Array> =>
  argument === '-' ? readAll(process.stdin, what) : fileBytes(argument.slice(1), what);

/** @throws BAD_OPTION for bytes that are not UTF-8, which would be replaced silently */
const textOf = (bytes: Uint8Array, what: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MillraceError('BAD_OPTION', `${what} is not UTF-8`, { cause: error });
  }
};

/** @throws BAD_OPTION */
const readText = async (argument: string): Promise<string> => {
  const what = argument === '-' ? 'the payload on stdin' : `the payload in ${argument.slice(1)}`;
  let bytes: Uint8Array;
  try {
    bytes = await bytesOf(argument, what);
  } catch (error) {
    if (error instanceof MillraceError) {
      throw error;
    }
    throw new MillraceError('BAD_OPTION', `${what} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return textOf(bytes, what);
};

const isRead = (argument: string): boolean => argument === '-' || argument.startsWith('@');

/**
 * The value of a payload argument: JSON, `-` for JSON from stdin, `@FILE` for JSON from a
 * file.
 *
 * @throws BAD_OPTION
 */
export const payloadOf = async (argument: string): Promise<unknown> =>
  json(isRead(argument) ? await readText(argument) : argument);

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** @throws BAD_OPTION, naming the line */
const lineValue = (line: string, number: number): unknown => {
  try {
    return json(line);
  } catch (error) {
    throw new MillraceError('BAD_OPTION', `line ${number}: ${messageOf(error)}`, { cause: error });
  }
};

/**
 * The values of a payload argument: as `payloadOf`, but stdin and a file may also have one JSON
 * text in each line. Empty lines are left out.
 *
 * @throws BAD_OPTION
 */
export const payloadsOf = async (argument: string): Promise<readonly unknown[]> => {
  if (!isRead(argument)) {
    return [json(argument)];
  }
  const text = await readText(argument);
  const lines = [...text.split('\n').entries()].filter(([, line]) => line.trim() !== '');
  return isJson(text) || lines.length < 2
    ? [json(text)]
    : lines.map(([index, line]) => lineValue(line, index + 1));
};
