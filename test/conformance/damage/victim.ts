/**
 * A process that makes stores, or opens damaged ones and tells what came out. A damaged
 * file may end it with a signal, so the test runs it as a child.
 */
import { createHash } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { diskJournal, type Journal, tuning, type Write } from '@millrace/manager/internals';
import { codeOf, messageOf, systemClock } from '@millrace/protocol';
import { type Damage, inflict } from './inflict.ts';

export interface Order {
  readonly from: string;
  readonly into: string;
  readonly damages: readonly Damage[];
}

export interface Told {
  /** A digest of all rows, or the refusal. */
  readonly rows?: string;
  readonly code?: string;
  readonly message?: string;
}

// The files are copied often. Half of one holds all commits, so only time begins a checkpoint.
Object.assign(tuning, { logFileBytes: 1_024 * 1_024 });

const ALL = Number.MAX_SAFE_INTEGER;
const LARGE_BYTES = 9_000;
const COMMITS = 24;
/** The last commits are in the log alone. */
const LOGGED = 8;

const digestOf = (journal: Journal): string => {
  const digest = createHash('sha256');
  for (const { key, value } of journal.range('\0', '\xff\xff', ALL)) {
    // A key that only a range finds is lost for those who ask for it.
    const found = journal.get(key);
    digest.update(`${key} ${found?.length}\n`);
    digest.update(value);
    digest.update(found ?? '');
  }
  return digest.digest('hex');
};

const writesOf = (life: string, commit: number): Write[] =>
  Array.from({ length: 20 }, (_, n) => {
    const bytes = n === 0 ? LARGE_BYTES : 10 + ((n * 7) % 90);
    return { key: `t${life}-${commit}-${n}`, value: Buffer.alloc(bytes, `${life}${commit}.${n} `) };
  });

/** Opens a store, commits, and tells the digest of its rows; then it waits to be killed, or closes the store. */
const make = async (directory: string, life: string, end: string): Promise<void> => {
  let isLate = false;
  const clock: typeof systemClock = {
    ...systemClock,
    after: (ms, act) => systemClock.after(ms / 20, () => (isLate ? undefined : act())),
  };
  const journal = await diskJournal(directory, clock);
  for (let commit = 0; commit < COMMITS; commit++) {
    isLate = commit >= COMMITS - LOGGED;
    await journal.commit(writesOf(life, commit));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const rows = digestOf(journal);
  if (end === 'closed') {
    await journal.close();
  }
  process.send?.({ rows } satisfies Told);
};

/** Opens a store, writes to it, and opens it again: what is served must stay as it was. */
const serve = async (directory: string): Promise<string> => {
  const journal = await diskJournal(directory, systemClock);
  const rows = digestOf(journal);
  const more = writesOf('after', 0);
  await journal.commit(more);
  await journal.commit(more.map(({ key }) => ({ key, value: undefined })));
  await journal.close();
  const again = await diskJournal(directory, systemClock);
  const later = digestOf(again);
  await again.close();
  return rows === later ? rows : `${rows}, and later ${later}`;
};

const tell = async ({ damages, from, into }: Order): Promise<Told> => {
  rmSync(into, { recursive: true, force: true });
  cpSync(from, into, { recursive: true, filter: (path) => !path.endsWith('manager.lock') });
  for (const damage of damages) {
    inflict(into, damage);
  }
  try {
    return { rows: await serve(into) };
  } catch (error) {
    return { code: codeOf(error) ?? 'none', message: messageOf(error) };
  }
};

const [mode, ...args] = process.argv.slice(2);
if (mode === 'make') {
  const [directory = '', life = '', end = ''] = args;
  await make(directory, life, end);
} else {
  process.on('message', (order: Order) => {
    void tell(order).then((told) => process.send?.(told));
  });
  process.send?.({});
}
