import type { Command } from 'commander';

/** Adds a verb to the program, or to a group of verbs. */
export type Verb = (parent: Command) => void;

/** The example at the end of a command's `--help`. */
export const example = (...lines: readonly string[]): string =>
  `\nExample:\n${lines.map((line) => `  ${line}`).join('\n')}`;
