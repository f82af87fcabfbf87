import { styleText } from 'node:util';

/** Coloured text if stdout is a terminal; plain text in a pipe or with NO_COLOR. */
export const paint = (colour: 'green' | 'yellow' | 'red' | 'dim', text: string): string =>
  process.stdout.isTTY ? styleText(colour, text, { stream: process.stdout }) : text;
