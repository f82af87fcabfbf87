import { type Client, connect } from 'millrace';
import { booksOf } from './books.ts';
import type { FileList } from './digest.ts';
import { digestDirectly } from './direct.ts';
import type { Fleet } from './fleet.ts';
import { ProgressBar } from './progress-bar.ts';
import {
  type Account,
  accountLines,
  differences,
  grouped,
  isComplete,
  megabytes,
  resultLines,
} from './report.ts';
import { countRuns } from './run-journal.ts';
import { digestLists, mergeLeaves } from './run-tasks.ts';
import { changedSince, type Snapshot, takeSnapshot } from './snapshot.ts';
import { mergesOf, piecesOf, type Summary } from './summary.ts';
import { QUEUE } from './tasks.ts';

const FILES_PER_TASK = 50;
const CHANGED_SHOWN = 5;

const say = (...lines: string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

const listsOf = ({ root, files, vocabulary }: Snapshot): FileList[] =>
  piecesOf(files, FILES_PER_TASK).map((piece) => ({
    root,
    paths: piece.map(({ path }) => path),
    vocabulary,
  }));

const startFleet = async (fleet: Fleet): Promise<void> => {
  await fleet.startManager(QUEUE);
  say(`manager    ${fleet.url}, on LMDB`);
  for (const name of ['worker-1', 'worker-2']) {
    say(`${name}   process ${fleet.startWorker(name)}`);
  }
};

const replaceWorker = async (fleet: Fleet, bar: ProgressBar): Promise<void> => {
  await fleet.kill('worker-1');
  bar.say('halfway: worker-1 was killed with SIGKILL');
  const pid = fleet.startWorker('worker-3');
  bar.say(`halfway: worker-3 was started in its place, process ${pid}`);
};

const digest = async (client: Client, lists: FileList[], fleet: Fleet): Promise<Summary[]> => {
  const bar = new ProgressBar('digest', lists.length, process.stdout);
  const half = Math.ceil(lists.length / 2);
  let done = 0;
  let replacement = Promise.resolve();
  const summaries = await digestLists(client, lists, () => {
    bar.tick();
    done += 1;
    if (done === half) {
      replacement = replaceWorker(fleet, bar);
    }
  });
  await replacement;
  bar.end();
  return summaries;
};

const merge = async (client: Client, leaves: Summary[]): Promise<Summary> => {
  const bar = new ProgressBar('merge ', mergesOf(leaves.length), process.stdout);
  const summary = await mergeLeaves(client, leaves, () => bar.tick());
  bar.end();
  return summary;
};

const compute = async (lists: FileList[]): Promise<Summary> => {
  const bar = new ProgressBar('direct', lists.length, process.stdout);
  const summary = await digestDirectly(lists, () => bar.tick());
  bar.end();
  return summary;
};

const accountOf = async (client: Client, sent: number, directory: string): Promise<Account> => {
  const runs = [...countRuns(directory).values()];
  return {
    sent,
    ...booksOf(await client.status(), QUEUE),
    ran: runs.length,
    ranTwice: runs.filter((count) => count > 1).length,
  };
};

const explainDifference = async (snapshot: Snapshot, differing: string[]): Promise<void> => {
  say('', `FAILED: the direct computation differs in ${differing.join(', ')}`);
  const changed = await changedSince(snapshot);
  if (changed.length > 0) {
    const shown = changed.slice(0, CHANGED_SHOWN).join(', ');
    say(`${changed.length} files changed while the demonstration ran, such as ${shown}`);
  }
};

const judge = async (
  snapshot: Snapshot,
  account: Account,
  found: Summary,
  expected: Summary,
): Promise<boolean> => {
  const differing = differences(found, expected);
  if (differing.length > 0) {
    await explainDifference(snapshot, differing);
    return false;
  }
  if (!isComplete(account)) {
    say('', 'FAILED: the account does not balance');
    return false;
  }
  say('', 'OK: nothing was lost, and the direct computation gives the same totals');
  return true;
};

/**
 * Digests the tree below `root` with millrace while a worker is killed, digests it
 * again without millrace, and prints the steps and the results.
 *
 * @returns whether nothing was lost and both results agree
 */
export const demonstrate = async (
  root: string,
  directory: string,
  fleet: Fleet,
): Promise<boolean> => {
  const snapshot = await takeSnapshot(root);
  const lists = listsOf(snapshot);
  const bytes = snapshot.files.reduce((total, file) => total + file.bytes, 0);
  say(`${root}: ${grouped(snapshot.files.length)} files, ${megabytes(bytes)}`);
  await startFleet(fleet);
  const client = await connect({ url: fleet.url, authkey: fleet.authkey });
  try {
    const found = await merge(client, await digest(client, lists, fleet));
    const expected = await compute(lists);
    const account = await accountOf(client, lists.length + mergesOf(lists.length), directory);
    say('', ...resultLines(snapshot, found));
    say('', 'Status', (await fleet.ask('status')).trimEnd());
    say('', ...accountLines(account));
    return await judge(snapshot, account, found, expected);
  } finally {
    await client.close();
  }
};
