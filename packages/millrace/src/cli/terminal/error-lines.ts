import type { PlainError } from '@millrace/protocol';
import { plainText } from './plain-text.ts';

const indented = (lines: readonly string[]): string[] =>
  lines.map((line) => `  ${plainText(line.trimStart())}`);

/** The lines of an error: its stack, or else name and message; its code; its inner errors and causes. */
export const errorLines = (error: PlainError): string[] => [
  ...indented((error.stack === '' ? `${error.name}: ${error.message}` : error.stack).split('\n')),
  ...(error.code === undefined ? [] : indented([`code ${error.code}`])),
  ...(error.errors ?? []).flatMap((inner) => [
    '',
    `one of ${plainText(error.name || 'them')}`,
    ...errorLines(inner),
  ]),
  ...(error.cause === undefined ? [] : ['', 'caused by', ...errorLines(error.cause)]),
];
