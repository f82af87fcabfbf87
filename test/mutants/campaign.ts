/**
 * `campaign.ts SEEDS SECONDS` simulates seeds from 1 on until one fails, and prints a
 * `CampaignEnd` as JSON. It runs inside a copy of the repository, on the copy's sources.
 */
import { messageOf } from '@millrace/protocol';
import { planOf } from '../simulation/plan.ts';
import { hasFailed, type RunReport, runPlan } from '../simulation/run-seed.ts';
import type { CampaignEnd } from './campaign-end.ts';

const complaintsOf = ({ breaches, verdict }: RunReport): CampaignEnd['complaints'] => [
  ...verdict.failures.map(({ class: failureClass, message, task }) => ({
    class: failureClass,
    message: `${task}: ${message}`,
  })),
  ...breaches.map((message) => ({ class: 'invariant', message })),
];

/** An error that a step of a seed throws, such as that of an unreadable store, is a complaint, too. */
const complaintsAt = async (seed: number): Promise<CampaignEnd['complaints']> => {
  try {
    const report = await runPlan(planOf(seed));
    return hasFailed(report) ? complaintsOf(report) : [];
  } catch (error) {
    return [{ class: 'invariant', message: messageOf(error) }];
  }
};

const campaign = async (seeds: number, seconds: number): Promise<CampaignEnd> => {
  const untilMs = performance.now() + seconds * 1_000;
  let seed = 0;
  while (seed < seeds && performance.now() < untilMs) {
    seed += 1;
    const complaints = await complaintsAt(seed);
    if (complaints.length > 0) {
      return { seeds: seed, complaints };
    }
  }
  return { seeds: seed, complaints: [] };
};

const [seeds = '', seconds = ''] = process.argv.slice(2);
console.log(JSON.stringify(await campaign(Number(seeds), Number(seconds))));
