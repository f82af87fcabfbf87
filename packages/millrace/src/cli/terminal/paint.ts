import { styleText } from 'node:util';

/** Coloured text where stdout is a terminal that wants it; NO_COLOR and a pipe get it plain. */
export const paint = (colour: 'green' | 'yellow' | 'red' | 'dim', text: string): string =>
  process.stdout.isTTY ? styleText(colour, text, { stream: process.stdout }) : text;
