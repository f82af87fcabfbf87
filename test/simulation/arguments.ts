import { parseArgs } from 'node:util';

/** The parsed arguments of `npm run simulate`. */
export interface Arguments {
  readonly first: number;
  readonly count: number;
  readonly isTold: boolean;
  /** Print only the story of this task or item. */
  readonly task: string | undefined;
  readonly goesOn: boolean;
  readonly seconds: number;
}

export const usage = `Simulates one seed, or many seeds until one fails:
  npm run simulate -- --seed N [--trace [--task ID]]
  npm run simulate -- --seeds N [--from M] [--seconds S] [--go-on]`;

const wholeFrom = (text: string, name: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`--${name} must be a whole number, not '${text}'\n${usage}`);
  }
  return value;
};

export const readArguments = (args: readonly string[]): Arguments => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      from: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      trace: { type: 'boolean', default: false },
      task: { type: 'string' },
      'go-on': { type: 'boolean', default: false },
    },
  });
  const { from, seconds, seed, seeds } = values;
  return {
    first: wholeFrom(seed ?? from, seed === undefined ? 'from' : 'seed'),
    count: seed === undefined ? wholeFrom(seeds, 'seeds') : 1,
    isTold: values.trace,
    task: values.task,
    goesOn: values['go-on'],
    seconds: seconds === undefined ? Number.POSITIVE_INFINITY : wholeFrom(seconds, 'seconds'),
  };
};
