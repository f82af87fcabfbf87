import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names the journal of a worker to the handlers that run in its children. */
export const JOURNAL_VARIABLE = 'TREE_DIGEST_JOURNAL';

const SUFFIX = '.runs';

/** The journal of one worker in the directory of all of them. */
export const journalPath = (directory: string, worker: string): string =>
  join(directory, worker + SUFFIX);

/**
 * Notes that a run begins. Synchronous and appended by one write, so that a
 * killed process leaves whole lines, of every run that it began.
 */
export const noteRun = (taskId: string): void => {
  const path = process.env[JOURNAL_VARIABLE];
  if (path !== undefined) {
    appendFileSync(path, `${taskId} ${process.pid}\n`);
  }
};

/** How often each task began to run, over all journals of a directory. */
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
