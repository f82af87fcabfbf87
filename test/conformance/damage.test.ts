import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryDirectory } from '../support/memory-directory.ts';
import { Random } from '../support/random.ts';
import type { Damage } from './damage/inflict.ts';
import type { Order, Told } from './damage/victim.ts';

const victim = fileURLToPath(new URL('damage/victim.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

const FILES = ['data.mdb', 'log.0', 'log.1', 'log.end', 'store.json'] as const;
/** Bits flipped in each file. */
const FLIPS = 30;
const RANDOM_DAMAGES = 200;
const SEED = 20_261_129;
const PAGE_BYTES = 4_096;

const base = memoryDirectory('damage');
const place = (name: string): string => join(base, name);
const children: ChildProcess[] = [];

const start = (...args: readonly string[]): ChildProcess => {
  const child = fork(victim, args, { execArgv: ['--import', tsx] });
  children.push(child);
  return child;
};

/** What a child says next, or the signal that ended it. */
const next = (child: ChildProcess): Promise<Told> =>
  new Promise((resolve) => {
    const said = (told: Told): void => {
      child.off('exit', gone);
      resolve(told);
    };
    const gone = (code: number | null, signal: NodeJS.Signals | null): void => {
      child.off('message', said);
      resolve({ code: 'GONE', message: `ended with ${code ?? signal}` });
    };
    child.once('message', said);
    child.once('exit', gone);
  });

/** Stores as managers left them, with the digests of their rows. */
const digests = new Map<string, string | undefined>();

const make = async (name: string, life: string, end: 'killed' | 'closed'): Promise<void> => {
  const child = start('make', place(name), life, end);
  const { rows } = await next(child);
  child.kill('SIGKILL');
  await once(child, 'exit');
  digests.set(name, rows);
};

const copy = (from: string, to: string): void =>
  cpSync(place(from), place(to), {
    recursive: true,
    filter: (path) => !path.endsWith('manager.lock'),
  });

let opener: ChildProcess | undefined;

/** Opens a damaged copy of a store in a process of its own. */
const outcomeOf = async (store: string, ...damages: readonly Damage[]): Promise<Told> => {
  if (opener === undefined || opener.exitCode !== null || opener.signalCode !== null) {
    opener = start('open');
    await next(opener);
  }
  const order: Order = { from: place(store), into: place('opened'), damages };
  opener.send(order);
  return next(opener);
};

/** A refusal is one line that names a file of the store. */
const isGoodRefusal = ({ code, message = '' }: Told): boolean =>
  (code === 'STORE_FAILED' || code === 'STORE_VERSION') &&
  /data\.mdb|log\.[01]|log\.end|the log is damaged|store\.json/.test(message) &&
  /restore a backup|give it its name back|install the version/.test(message) &&
  !message.includes('\n');

/** The store is refused by name, or has every acknowledged row. */
const expectSafe = async (store: string, ...damages: readonly Damage[]): Promise<Told> => {
  const told = await outcomeOf(store, ...damages);
  const isWhole = told.rows !== undefined && told.rows === digests.get(store);
  if (!isWhole && !isGoodRefusal(told)) {
    throw new Error(`${store} ${JSON.stringify(damages)} → ${JSON.stringify(told)}`);
  }
  return told;
};

const expectRefused = async (store: string, ...damages: readonly Damage[]): Promise<void> => {
  const told = await expectSafe(store, ...damages);
  expect(told.code, JSON.stringify([store, damages])).toBeDefined();
};

beforeAll(async () => {
  await make('killed', 'first', 'killed');
  copy('killed', 'earlier');
  digests.set('earlier', digests.get('killed'));
  await make('killed', 'second', 'killed');
  copy('killed', 'closed');
  await make('closed', 'third', 'closed');
  await make('other', 'first', 'killed');
});

afterAll(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

const stores = ['killed', 'closed', 'other'] as const;

test('a store that nothing happened to is served', async () => {
  for (const store of [...stores, 'earlier']) {
    expect(digests.get(store)).toBeDefined();
    expect(await outcomeOf(store)).toEqual({ rows: digests.get(store) });
  }
});

test('a store without one of its files is refused; without its identity it is whole', async () => {
  for (const store of stores) {
    for (const file of FILES.filter((name) => name !== 'store.json')) {
      await expectRefused(store, { kind: 'remove', file });
      await expectRefused(store, { kind: 'remove', file }, { kind: 'remove', file: 'store.json' });
    }
    const told = await outcomeOf(store, { kind: 'remove', file: 'store.json' });
    expect(told).toEqual({ rows: digests.get(store) });
  }
});

test('a store of which several files are missing is refused', async () => {
  const pairs: readonly (readonly string[])[] = [
    ['log.0', 'log.1'],
    ['log.0', 'log.1', 'log.end'],
    ['log.0', 'log.1', 'log.end', 'store.json'],
    ['data.mdb', 'log.0', 'log.1'],
    ['data.mdb', 'store.json'],
    ['data.mdb', 'log.0', 'log.1', 'log.end'],
  ];
  for (const files of pairs) {
    await expectRefused('killed', ...files.map((file) => ({ kind: 'remove', file }) as const));
  }
});

test('a file that is garbage, a directory or a dangling link is refused', async () => {
  for (const file of FILES) {
    for (const kind of ['garbage', 'directory', 'dangling'] as const) {
      await expectRefused('killed', { kind, file });
    }
  }
});

test('a named pipe in place of a file is refused, and read by nobody', async () => {
  for (const file of FILES) {
    await expectRefused('killed', { kind: 'fifo', file });
  }
});

test('bytes behind the end of a file, and a file that is a link, change nothing', async () => {
  const whole = { rows: digests.get('killed') };
  for (const file of FILES.filter((name) => name !== 'store.json')) {
    expect(await outcomeOf('killed', { kind: 'append', file })).toEqual(whole);
    expect(await outcomeOf('killed', { kind: 'link', file })).toEqual(whole);
  }
});

test('a cut file is refused, at whatever length', async () => {
  for (const store of stores) {
    for (const file of FILES) {
      const { size } = statSync(join(place(store), file));
      const cuts = [0, 1, 16, 100, PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES, size >> 1, size - 1];
      for (const bytes of cuts.filter((length) => length < size)) {
        const damage: Damage = { kind: 'cut', file, bytes };
        // The end of a tree may be free, and that of the identity is a line feed.
        const isFree = file === 'data.mdb' || (file === 'store.json' && bytes === size - 1);
        await (isFree ? expectSafe(store, damage) : expectRefused(store, damage));
      }
    }
  }
});

test('a zeroed file is refused', async () => {
  for (const store of stores) {
    for (const file of FILES) {
      const { size: bytes } = statSync(join(place(store), file));
      await expectRefused(store, { kind: 'zero', file, at: 0, bytes });
      await expectRefused(store, { kind: 'zero', file, at: 0, bytes: Math.min(bytes, PAGE_BYTES) });
    }
  }
});

test('a file of another store is refused', async () => {
  for (const file of FILES) {
    await expectRefused('killed', { kind: 'replace', file, by: place('other') });
    await expectRefused('closed', { kind: 'replace', file, by: place('other') });
  }
});

test('an earlier copy of a file is refused, or the store has everything all the same', async () => {
  for (const store of ['killed', 'closed']) {
    for (const file of FILES) {
      await expectSafe(store, { kind: 'replace', file, by: place('earlier') });
    }
  }
  const logs = ['log.0', 'log.1'].map(
    (file) => ({ kind: 'replace', file, by: place('earlier') }) as const,
  );
  await expectRefused('killed', ...logs);
  // A store that was closed in order has everything in its tree.
  await expectSafe('closed', ...logs);
});

test('files that have changed places are refused', async () => {
  await expectRefused('killed', { kind: 'exchange', file: 'log.0', other: 'log.1' });
  await expectRefused('killed', { kind: 'exchange', file: 'log.0', other: 'data.mdb' });
});

/** Offsets of each kind of byte: those of the head of a file, and a few of each page. */
const placesIn = (bytes: Buffer): number[] => {
  const places = Array.from({ length: 48 }, (_, n) => n * 4);
  for (let page = 0; page * PAGE_BYTES < bytes.length; page++) {
    const first = page * PAGE_BYTES;
    if (bytes.subarray(first, first + PAGE_BYTES).some((byte) => byte !== 0)) {
      places.push(...[0, 9, 18, 20, 22, 24, 40, 300, 2_000, 4_000].map((at) => first + at));
    }
  }
  return places;
};

test('a flipped bit is refused, or changes nothing', async () => {
  const random = new Random(SEED);
  for (const store of ['killed', 'closed']) {
    for (const file of FILES) {
      const bytes = readFileSync(join(place(store), file));
      const places = placesIn(bytes).filter((at) => at < bytes.length);
      const step = Math.ceil(places.length / FLIPS);
      for (const at of places.filter((_, n) => n % step === 0)) {
        await expectSafe(store, { kind: 'flip', file, at, bit: random.between(0, 7) });
      }
    }
  }
});

/** Most bytes of a log are zeros behind its records. */
const usedBytes = (store: string, file: string): number => {
  const bytes = readFileSync(join(place(store), file));
  let end = bytes.length;
  while (end > 1 && bytes[end - 1] === 0) {
    end -= 1;
  }
  return end;
};

/** An earlier `log.end` beside a damaged last record looks like a record that was torn by a crash. */
const replacementOf = (random: Random, file: string): 'other' | 'earlier' =>
  random.next() < 0.5 || file === 'log.end' ? 'other' : 'earlier';

const randomDamage = (random: Random, store: string): Damage => {
  const file = FILES[random.between(0, FILES.length - 1)] ?? 'data.mdb';
  const used = usedBytes(store, file);
  const at = random.between(0, used - 1);
  switch (random.between(0, 9)) {
    case 0:
      return { kind: 'cut', file, bytes: at };
    case 1:
      return { kind: 'zero', file, at, bytes: random.between(1, 2 * PAGE_BYTES) };
    case 2:
      return { kind: 'replace', file, by: place(replacementOf(random, file)) };
    default:
      return { kind: 'flip', file, at, bit: random.between(0, 7) };
  }
};

test(`${RANDOM_DAMAGES} random damages each end in a refusal with a line, or change nothing`, async () => {
  const random = new Random(SEED);
  let refused = 0;
  for (let n = 0; n < RANDOM_DAMAGES; n++) {
    const store = random.next() < 0.6 ? 'killed' : 'closed';
    const damages = Array.from({ length: random.between(1, 2) }, () => randomDamage(random, store));
    const told = await expectSafe(store, ...damages);
    refused += told.rows === undefined ? 1 : 0;
  }
  expect(refused).toBeGreaterThan(RANDOM_DAMAGES / 2);
  expect(existsSync(place('opened'))).toBe(true);
});
