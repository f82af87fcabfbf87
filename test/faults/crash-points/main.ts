import { parseArgs } from 'node:util';
import { type Done, report, runCampaign } from './campaign.ts';
import { straceMissing } from './strace.ts';

const POINTS = 1_000;
const STORES_AT_ONCE = 2;
const PROGRESS_EVERY = 20;

const { values } = parseArgs({
  options: { points: { type: 'string' }, seed: { type: 'string' }, lanes: { type: 'string' } },
});

const wholeNumber = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`'${text}' is not a whole number`);
  }
  return value;
};

if (straceMissing !== undefined) {
  console.error(`crash points: skipped: ${straceMissing}`);
  process.exit(1);
}

const points = wholeNumber(values.points, POINTS);
const seed = wholeNumber(values.seed, Math.floor(Math.random() * 2 ** 32));
const storesAtOnce = wholeNumber(values.lanes, STORES_AT_ONCE);
const startedAtMs = performance.now();
const seconds = (): number => Math.round((performance.now() - startedAtMs) / 1_000);
console.log(`${points} points, --seed ${seed}`);

let tried = 0;
const show = (done: Done): void => {
  tried += 1;
  if (tried % PROGRESS_EVERY === 0) {
    console.log(`${tried}/${points} points, ${seconds()} s`);
  }
  for (const what of done.result.broken) {
    console.log(`BROKEN at ${done.kind} ${JSON.stringify(done.point)}: ${what}`);
  }
};

const totals = await runCampaign({ points, seed, storesAtOnce, onPoint: show });
console.log(`${report(totals)}\n${seconds()} s, --points ${points} --seed ${seed}`);
process.exit(totals.broken.length === 0 ? 0 : 1);
