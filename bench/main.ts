/** `npm run bench` measures systems side by side and writes the results. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resultsDirectory } from './harness/paths.ts';
import { readOptions } from './options.ts';
import { thisMachine } from './report/machine.ts';
import { toMarkdown } from './report/markdown.ts';
import type { Results, RowResult, SystemResult } from './report/results.ts';
import { savedRuns } from './report/saved-runs.ts';
import { runRow } from './run.ts';
import type { System } from './systems/system.ts';

const MS_PER_MINUTE = 60_000;

const describe = ({ durability, missing, name, title, version }: System): SystemResult => {
  const why = missing();
  return why === undefined
    ? { name, title, durability, version: version() }
    : { name, title, durability, version: '', missing: why };
};

const save = async (results: Results): Promise<void> => {
  await mkdir(resultsDirectory, { recursive: true });
  const file = `${results.startedAt.replace(':', '-').replace(' ', 'T')}.json`;
  await writeFile(join(resultsDirectory, file), `${JSON.stringify(results, undefined, 2)}\n`);
  const latest = toMarkdown([results, ...(await savedRuns(resultsDirectory, file))]);
  await writeFile(join(resultsDirectory, 'latest.md'), latest);
};

const options = readOptions(process.argv.slice(2));
const startedAt = new Date().toISOString().slice(0, 16).replace('T', ' ');
const startedAtMs = performance.now();
const machine = thisMachine();
const described = options.systems.map(describe);
const present = options.systems.filter(({ missing }) => missing() === undefined);
const rows: RowResult[] = [];
const resultsNow = (): Results => ({
  startedAt,
  minutes: Math.ceil((performance.now() - startedAtMs) / MS_PER_MINUTE),
  machine,
  rounds: options.rounds,
  systems: described,
  rows,
});
for (const row of options.rows) {
  rows.push(await runRow(row, { systems: present, rounds: options.rounds }));
  // Saved after each row, so that an interrupted run of hours keeps its results.
  if (options.isKept) {
    await save(resultsNow());
  }
}
console.log(toMarkdown([resultsNow()]));
