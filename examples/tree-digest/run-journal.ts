import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Variable that gives the path of a worker's journal to the handlers in its child processes. */
export const JOURNAL_VARIABLE = 'TREE_DIGEST_JOURNAL';

const SUFFIX = '.runs';

/** Path of a worker's journal in the directory of all journals. */
export const journalPath = (directory: string, worker: string): string =>
  join(directory, worker + SUFFIX);

/**
 * Notes that a run begins. One synchronous append, so that a killed process leaves a
 * whole line for every run that it began.
 */
export const noteRun = (taskId: string): void => {
  const path = process.env[JOURNAL_VARIABLE];
  if (path !== undefined) {
    appendFileSync(path, `${taskId} ${process.pid}\n`);
  }
};

/** Number of runs of each task, over all journals of a directory. */
export const countRuns = (directory: string): Map<string, number> => {
  const runs = new Map<string, number>();
  const journals = readdirSync(directory).filter((name) => name.endsWith(SUFFIX));
  for (const name of journals) {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n');
    for (const line of lines.filter(Boolean)) {
      const [taskId = ''] = line.split(' ');
      runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
    }
  }
  return runs;
};
