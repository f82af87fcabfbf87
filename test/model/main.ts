/** `npm run model -- [--runs N] [--seed N]` searches for a difference between the core and the reference. */
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' } },
});
process.env['MODEL_RUNS'] = values.runs;
if (values.seed !== undefined) {
  process.env['MODEL_SEED'] = values.seed;
}
// Vitest prints the result and sets the exit code.
const vitest = await startVitest('test', ['test/model'], { watch: false });
await vitest.close();
