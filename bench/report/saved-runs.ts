/** Reads the results of earlier runs. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rows as knownRows } from '../rows/index.ts';
import type { Results } from './results.ts';

/** A row that has changed since is left out, because its figures no longer compare. */
const withoutOldRows = (run: Results): Results => ({
  ...run,
  rows: run.rows.filter((row) =>
    knownRows.some(({ number, title }) => number === row.number && title === row.title),
  ),
});

/** All runs of a directory except one, the newest first. Files are named by the start of their run. */
export const savedRuns = async (directory: string, but: string): Promise<Results[]> => {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.json') && file !== but);
  const runs = files
    .toSorted()
    .toReversed()
    .map(async (file) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an earlier run of this program wrote it
      return withoutOldRows(JSON.parse(await readFile(join(directory, file), 'utf8')) as Results);
    });
  return Promise.all(runs);
};
