/** Reads the command line of the benchmark. */
import { parseArgs } from 'node:util';
import { rows } from './rows/index.ts';
import type { Row } from './rows/row.ts';
import { systems } from './systems/index.ts';
import type { System } from './systems/system.ts';

const DEFAULT_ROUNDS = 3;

export interface Options {
  readonly rows: readonly Row[];
  readonly systems: readonly System[];
  readonly rounds: number;
  /** Whether no system was left out, so that the results may be kept. */
  readonly isKept: boolean;
}

const USAGE = 'npm run bench -- [--full] [--rows 1,2] [--systems millrace,bare] [--rounds 3]';

const chosen = <T>(text: string, all: readonly T[], keyOf: (each: T) => string): readonly T[] =>
  text.split(',').flatMap((key) => {
    const found = all.filter((each) => keyOf(each) === key);
    if (found.length === 0) {
      const known = [...new Set(all.map(keyOf))].join(', ');
      throw new Error(`unknown name '${key}'; known are ${known}\n${USAGE}`);
    }
    return found;
  });

/** @throws an error with the usage, for an unknown option or value */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: 'boolean', default: false },
      rows: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number of at least 1\n${USAGE}`);
  }
  return {
    rows:
      values.rows === undefined
        ? rows.filter(({ isLong }) => values.full || isLong !== true)
        : chosen(values.rows, rows, ({ number }) => String(number)),
    systems:
      values.systems === undefined ? systems : chosen(values.systems, systems, ({ name }) => name),
    rounds,
    isKept: values.systems === undefined,
  };
};
