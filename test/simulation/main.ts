import { planOf } from './plan.ts';
import { runPlan } from './run-seed.ts';

const [first = '1', last = first, trace] = process.argv.slice(2);
for (let seed = Number(first); seed <= Number(last); seed++) {
  const report = await runPlan(planOf(seed), { isTold: trace === 'trace' });
  console.log(
    [...report.story, `${seed}: ${report.steps} steps, ${report.verdict.tasks} tasks`].join('\n'),
  );
  const complaints = [...report.breaches, ...report.verdict.failures];
  if (complaints.length > 0) {
    console.log(complaints.slice(0, 5));
  }
}
