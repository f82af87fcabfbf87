import { expect, test } from 'vitest';
import { faultRounds, faultSeed } from '../../support/environment.ts';
import { report, runCampaign } from './campaign.ts';
import { straceMissing } from './strace.ts';

const POINTS = 30;

if (straceMissing !== undefined) {
  console.log(`crash points: skipped: ${straceMissing}`);
}

test.skipIf(straceMissing !== undefined)(
  'a manager that dies at a write, a flush or an answer keeps everything that it acknowledged',
  async () => {
    const seed = faultSeed();
    const points = faultRounds(POINTS);
    console.log(`FAULT_SEED=${seed} FAULT_ROUNDS=${points}`);
    const totals = await runCampaign({ points, seed, storesAtOnce: 2 });
    console.log(report(totals));
    expect(totals.broken).toEqual([]);
    expect(totals.points).toBe(points);
    expect(totals.acknowledged).toBeGreaterThan(points);
  },
);
