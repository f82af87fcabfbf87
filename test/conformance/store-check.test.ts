import { hash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkStore, type StoreCheck } from '@millrace/manager';
import { diskJournal, type Write } from '@millrace/manager/internals';
import { systemClock } from '@millrace/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryDirectory } from '../support/memory-directory.ts';
import { type Damage, inflict } from './damage/inflict.ts';
import { EngineStage, failure, task } from './engine/engine-stage.ts';

const base = memoryDirectory('check');
const whole = join(base, 'whole');
const store = join(base, 'store');
const HOUR_MS = 3_600_000;
const FILLERS = 300;

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A store with rows in every table. */
beforeAll(async () => {
  const stage = await EngineStage.open('memory');
  stage.sessions('a');
  const fillers = Array.from({ length: FILLERS }, (_, n) =>
    task(`filler-${n}`, { payload: Buffer.alloc(400, `filler ${n} `) }),
  );
  await stage.enqueue(task('done'));
  await stage.settle('a', await stage.claimOne('a'), 'succeeded');
  await stage.enqueue(task('dead', { attempts: 1 }));
  await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('bad') });
  await stage.enqueue(task('buried', { attempts: 1 }));
  await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('bad') });
  await stage.engine.drop(['buried']);
  await stage.enqueue(task('again'));
  await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('bad') });
  await stage.enqueue(task('held'));
  await stage.claimOne('a');
  await stage.enqueue(task('later', { delayMs: HOUR_MS, expiresInMs: 2 * HOUR_MS }), ...fillers);
  await stage.flushed();
  const rows = stage.journal.range('\0', '\xff\xff', Number.MAX_SAFE_INTEGER);
  const journal = await diskJournal(whole, systemClock);
  await journal.commit(rows);
  await journal.close();
  await stage.end();
});

const fresh = (): void => {
  rmSync(store, { recursive: true, force: true });
  cpSync(whole, store, { recursive: true });
};

/** Checks a store whose rows were changed. */
const changed = async (change: (key: string) => boolean): Promise<StoreCheck> => {
  fresh();
  const journal = await diskJournal(store, systemClock);
  const rows = journal.range('\0', '\xff\xff', Number.MAX_SAFE_INTEGER);
  const gone = rows
    .filter(({ key }) => change(key))
    .map(({ key }): Write => ({ key, value: undefined }));
  expect(gone.length).toBeGreaterThan(0);
  await journal.commit(gone);
  await journal.close();
  return checkStore(store);
};

test('a whole store has neither damage nor findings, and a check changes no file of it', async () => {
  fresh();
  const files = ['data.mdb', 'log.0', 'log.1', 'log.end', 'store.json'];
  const digests = (): string[] =>
    files.map((name) => hash('sha256', readFileSync(join(store, name))));
  const before = digests();
  expect(await checkStore(store)).toMatchObject({ damage: [], findings: [], running: false });
  expect(digests()).toEqual(before);
});

const missing: readonly (readonly [table: string, prefix: string, finding: RegExp])[] = [
  ['ready', 'r', /^no ready row names the task "filler-\d+", which is ready$/],
  ['due', 'd', /^no due row names the task "(later|again)", which is scheduled$/],
  ['expiry', 'e', /^no expiry row names the task "later", which is scheduled$/],
  ['dead', 'b', /^no dead row names the task "dead", which is dead$/],
  ['retention', 'x', /^finished tasks that no retention row names: 1$/],
  ['tombstone', 'z', /^tombstones that no tombstone row names: 1$/],
  ['lease', 'l', /^no ready row names the task "held", which is ready$/],
  ['lane', 'n', /^the lane of the task "\S+" does not exist$/],
  ['counters', 'c', /^queue "q": the counter 'leased' is 0, but the tasks add up to 1$/],
];

test.each(missing)(
  'a store without its %s rows contradicts itself',
  async (_table, prefix, finding) => {
    const { damage, findings } = await changed((key) => key.startsWith(prefix));
    expect(damage).toEqual([]);
    expect(findings).toContainEqual(expect.stringMatching(finding));
  },
);

const gone: readonly (readonly [task: string, finding: RegExp])[] = [
  ['filler-7', /^queue "q": the counter 'ready' is 300, but the tasks add up to 299$/],
  ['again', /^queue "q": the counter 'retrying' is 1, but the tasks add up to 0$/],
  ['held', /^the lease row \S+ names no leased task$/],
  ['done', /^the store: the counter 'bytes of results' is \d+, but the tasks add up to \d+$/],
  ['dead', /^queue "q": the counter 'deadKept' is 1, but the tasks add up to 0$/],
  ['buried', /^a tombstone row names "buried", which is no tombstone$/],
];

test.each(gone)('a store that has lost the task %s contradicts itself', async (id, finding) => {
  const { findings } = await changed((key) => key === `t${id}`);
  expect(findings).toContainEqual(expect.stringMatching(finding));
});

test('a check tells every damaged place, and compares no records of a damaged store', async () => {
  fresh();
  const path = join(store, 'data.mdb');
  const bytes = readFileSync(path);
  for (const text of ['filler 3 ', 'filler 200 ', 'filler 299 ']) {
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      bytes[at] = 'F'.charCodeAt(0);
    }
  }
  writeFileSync(path, bytes);
  const damages: Damage[] = [
    { kind: 'flip', file: 'log.0', at: 3, bit: 1 },
    { kind: 'cut', file: 'log.1', bytes: 5_000 },
    { kind: 'flip', file: 'log.end', at: 3, bit: 1 },
  ];
  damages.forEach((damage) => inflict(store, damage));
  const { damage, findings } = await checkStore(store);
  expect(findings).toEqual([]);
  for (const key of ['tfiller-3', 'tfiller-200', 'tfiller-299']) {
    expect(damage).toContainEqual(
      expect.stringMatching(
        new RegExp(`the value of the key "${key}" on page \\d+ has a wrong checksum`),
      ),
    );
  }
  for (const file of ['log.0', 'log.1', 'log.end']) {
    expect(damage).toContainEqual(expect.stringContaining(file));
  }
});

test('a check goes on behind a damaged page and a missing file', async () => {
  fresh();
  const pageBytes = 4_096;
  const path = join(store, 'data.mdb');
  const bytes = readFileSync(path);
  const leaves = [...Array(bytes.length / pageBytes).keys()].filter(
    (page) =>
      page > 1 &&
      bytes.readUInt16LE(page * pageBytes + 18) === 2 &&
      bytes.includes('filler', page * pageBytes),
  );
  const [first = 0, second = 0] = leaves.slice(-2);
  for (const page of [first, second]) {
    bytes.writeUInt16LE(9, page * pageBytes + 20);
  }
  writeFileSync(path, bytes);
  inflict(store, { kind: 'fifo', file: 'log.1' });
  const { damage } = await checkStore(store);
  expect(damage).toContainEqual(expect.stringMatching(/^log\.1 is not a file/));
  expect(damage.filter((one) => /page \d+ has wrong bounds/.test(one))).toHaveLength(2);
});

test('a store with damage in very many places lists a hundred of them, and says how many more there are', async () => {
  fresh();
  const path = join(store, 'data.mdb');
  const text = readFileSync(path).toString('latin1').replaceAll('filler', 'Filler');
  writeFileSync(path, Buffer.from(text.replaceAll('tFiller', 'tfiller'), 'latin1'));
  const { damage } = await checkStore(store);
  expect(damage.length).toBe(101);
  expect(damage.at(-1)).toMatch(/^\d+ more places are damaged$/);
});
