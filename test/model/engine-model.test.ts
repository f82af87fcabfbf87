import fc from 'fast-check';
import { test } from 'vitest';
import { numberFrom } from '../support/environment.ts';
import { commands } from './commands.ts';
import { Subject } from './subject.ts';

/** `npm run model` sets MODEL_RUNS for a long search; MODEL_SEED repeats a search. */
const numRuns = numberFrom('MODEL_RUNS', 400);
const seed = numberFrom('MODEL_SEED', Math.floor(Math.random() * 2 ** 31));

test(`the core answers as the reference does (seed ${seed}, ${numRuns} runs)`, {
  timeout: 180_000 + numRuns * 100,
}, () => {
  fc.assert(
    fc.property(commands, (script) => {
      const subject = new Subject();
      for (const command of script) {
        subject.do(command);
        subject.check();
      }
      subject.do({ verb: 'flush' });
      subject.check();
    }),
    { seed, numRuns },
  );
});
