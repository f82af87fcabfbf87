import { type Arguments, readArguments } from './arguments.ts';
import { planOf } from './plan.ts';
import { Progress } from './progress.ts';
import { describeFailure, describeRun, storyOf } from './report.ts';
import { hasFailed, type RunReport, runPlan } from './run-seed.ts';
import { Shrinker } from './shrink.ts';

const tell = (text: string): void => void process.stdout.write(`${text}\n`);

const runOne = async ({ first, isTold, task }: Arguments): Promise<boolean> => {
  const report = await runPlan(planOf(first), { isTold: true });
  for (const line of isTold ? storyOf(report, task) : []) {
    tell(line);
  }
  tell(describeRun(report));
  if (hasFailed(report)) {
    tell(describeFailure(report));
  }
  return !hasFailed(report);
};

const shrinkAndTell = async (failed: RunReport): Promise<void> => {
  tell(describeFailure(failed));
  tell('shrinking …');
  const small = await new Shrinker(failed).shrink();
  const { faults, orders, seed } = small.plan;
  tell(`seed ${seed} still fails with ${faults.length} faults and ${orders.length} orders:`);
  for (const entry of [...faults, ...orders].toSorted((a, b) => a.atMs - b.atMs)) {
    tell(`  ${JSON.stringify(entry)}`);
  }
  tell(describeFailure(small));
};

/** Reports a run that awaits something outside its world: Node then exits without a word. */
const requireEnd = async (seed: number): Promise<RunReport> => {
  const complain = (): void => tell(`seed ${seed} NEVER ENDED`);
  process.once('beforeExit', complain);
  const report = await runPlan(planOf(seed));
  process.off('beforeExit', complain);
  return report;
};

const runMany = async ({ count, first, goesOn, seconds }: Arguments): Promise<boolean> => {
  const progress = new Progress(count);
  let failures = 0;
  for (let seed = first; seed < first + count && progress.seconds < seconds; seed++) {
    const report = await requireEnd(seed);
    progress.ran(report);
    if (hasFailed(report)) {
      failures += 1;
      progress.clear();
      if (!goesOn) {
        await shrinkAndTell(report);
        break;
      }
      tell(describeFailure(report));
    }
  }
  progress.end();
  return failures === 0;
};

const asked = readArguments(process.argv.slice(2));
const isGood = asked.count === 1 ? await runOne(asked) : await runMany(asked);
process.exitCode = isGood ? 0 : 1;
