import { expect, test } from 'vitest';
import { numberFrom } from '../support/environment.ts';
import { planOf } from './plan.ts';
import { describeFailure, describeRun } from './report.ts';
import { hasFailed, runPlan } from './run-seed.ts';
import { foundSeeds } from './seeds.ts';

const FIRST_SEED = numberFrom('SIMULATION_FROM', 1);
const SEEDS = numberFrom('SIMULATION_SEEDS', 150);
/** The time of the campaign. A slow machine runs fewer seeds; the printed line names them. */
const CAMPAIGN_MAX_MS = 30_000;
const LYING_SEEDS_MAX = 60;

const REPEATED_SEEDS = [3, 15, 29];

test.each(REPEATED_SEEDS)('two runs of seed %i tell the same story', async (seed) => {
  const [one, two] = [
    await runPlan(planOf(seed), { isTold: true }),
    await runPlan(planOf(seed), { isTold: true }),
  ];
  expect(two.story).toEqual(one.story);
  expect(two.storyHash).toBe(one.storyHash);
  expect(two.steps).toBe(one.steps);
});

test('two seeds tell different stories', async () => {
  const [one, two] = [
    await runPlan(planOf(1), { isTold: true }),
    await runPlan(planOf(2), { isTold: true }),
  ];
  expect(two.storyHash).not.toBe(one.storyHash);
});

test('the checker reports work that a lying disk loses', async () => {
  const classes = new Set<string>();
  for (let seed = 1; seed <= LYING_SEEDS_MAX && !classes.has('lost'); seed++) {
    const { verdict } = await runPlan(planOf(seed), { hasLyingDisk: true });
    for (const failure of verdict.failures) {
      classes.add(failure.class);
    }
  }
  expect(classes).toContain('lost');
});

test.each(foundSeeds)('seed $seed: $found', async ({ seed }) => {
  const report = await runPlan(planOf(seed));
  expect(hasFailed(report), describeFailure(report)).toBe(false);
});

test('a campaign of seeds finds no failure', async () => {
  const startedAtMs = performance.now();
  let seed = FIRST_SEED;
  while (seed < FIRST_SEED + SEEDS && performance.now() - startedAtMs < CAMPAIGN_MAX_MS) {
    const report = await runPlan(planOf(seed));
    expect(hasFailed(report), `${describeFailure(report)}\n${describeRun(report)}`).toBe(false);
    seed += 1;
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  console.log(`simulated seeds ${FIRST_SEED} to ${seed - 1} in ${seconds.toFixed(1)} s`);
});
