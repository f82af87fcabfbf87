/**
 * `npm run bench:guard` measures millrace and the ceiling with 2,000 tasks in flight,
 * and compares the share that millrace reaches with the recorded share. `--record`
 * writes a new record.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchRoot } from './harness/paths.ts';
import { type Spread, spreadOf } from './harness/statistics.ts';
import { rateOfResults } from './rows/3-results.ts';
import { Stage } from './rows/stage.ts';
import { bare } from './systems/bare.ts';
import { millrace } from './systems/millrace.ts';
import type { System } from './systems/system.ts';

const ROUNDS = 7;
const IN_FLIGHT = 2_000;
const recordFile = join(benchRoot, 'guard.json');

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)}%`;
const show = ({ max, median, min }: Spread): string =>
  `${percent(median)} (${percent(min)} to ${percent(max)})`;

const rateOf = (system: System): Promise<number> =>
  Stage.with(system, (stage) => rateOfResults(stage, IN_FLIGHT));

/** The two systems alternate, so that both meet the same load of the machine. */
const measureRatios = async (): Promise<readonly number[]> => {
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const ceiling = await rateOf(bare);
    const reached = await rateOf(millrace);
    ratios.push(reached / ceiling);
    console.log(
      `round ${round}: ${Math.round(reached)}/s of ${Math.round(ceiling)}/s, ${percent(reached / ceiling)}`,
    );
  }
  return ratios;
};

const isSpread = (read: unknown): read is Spread =>
  typeof read === 'object' && read !== null && 'median' in read && 'min' in read && 'max' in read;

/** @throws when no share was recorded */
const readRecord = (): Spread => {
  const read: unknown = JSON.parse(readFileSync(recordFile, 'utf8'));
  if (!isSpread(read)) {
    throw new Error('bench/guard.json has no record: run `npm run bench:guard -- --record`');
  }
  return read;
};

const isRecording = process.argv.includes('--record');
const recorded = isRecording ? undefined : readRecord();
const now = spreadOf(await measureRatios());
console.log(`now      ${show(now)} of the bare pipeline`);
if (recorded === undefined) {
  writeFileSync(recordFile, `${JSON.stringify(now, undefined, 2)}\n`);
} else {
  console.log(`recorded ${show(recorded)}`);
  const hasFallen = now.median < recorded.min;
  console.log(
    hasFallen ? 'SLOWER: below the lowest round of the record' : 'not slower than the record',
  );
  process.exitCode = hasFallen ? 1 : 0;
}
