import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  diskJournal,
  type Journal,
  lmdbJournal,
  memoryJournal,
  tuning,
  type Write,
} from '@millrace/manager/internals';
import { systemClock } from '@millrace/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const put = (key: string, value: string): Write => ({ key, value: bytes(value) });
const remove = (key: string): Write => ({ key, value: undefined });

const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

const LAST = '\xff\xff';
const ALL = Number.MAX_SAFE_INTEGER;

const keysIn = (journal: Journal, from = '\0', to = LAST, limit = ALL): string[] =>
  journal.range(from, to, limit).map(({ key }) => key);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-journal-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const openDisk = (path: string): Promise<Journal> => diskJournal(path, systemClock);

const opened: Record<string, (path: string) => Promise<Journal>> = {
  memory: async () => memoryJournal(),
  lmdb: async (path) => lmdbJournal(path),
  'lmdb behind a log': openDisk,
};

describe.each(Object.keys(opened))('the %s journal', (kind) => {
  let journal: Journal;

  beforeEach(async () => {
    journal = (await opened[kind]?.(directory)) ?? memoryJournal();
  });

  afterEach(() => journal.close());

  test('is named after its kind', () => {
    expect(kind).toContain(journal.name);
  });

  test('returns committed values, and undefined for a key without a row', async () => {
    await journal.commit([put('a', 'one'), put('b', 'two')]);
    expect(textOf(journal.get('a'))).toBe('one');
    expect(textOf(journal.get('b'))).toBe('two');
    expect(journal.get('c')).toBeUndefined();
    expect(journal.get('aa')).toBeUndefined();
  });

  test('distinguishes an empty value from no value', async () => {
    await journal.commit([put('empty', '')]);
    expect(journal.get('empty')).toHaveLength(0);
    expect(journal.range('e', 'f', 1).map(({ value }) => value.length)).toEqual([0]);
    await journal.commit([remove('empty')]);
    expect(journal.get('empty')).toBeUndefined();
  });

  test('keeps every byte in keys and values, and sorts keys by their bytes', async () => {
    const keys = Array.from({ length: 256 }, (_, n) => `k${String.fromCharCode(n)}`);
    const value = Uint8Array.from({ length: 256 }, (_, n) => n);
    await journal.commit(keys.toReversed().map((key) => ({ key, value })));
    expect(keysIn(journal, 'k', 'l')).toEqual(keys);
    for (const row of journal.range('k', 'l', ALL)) {
      expect(Buffer.compare(row.value, value)).toBe(0);
    }
    expect(Buffer.compare(journal.get('k\0') ?? new Uint8Array(), value)).toBe(0);
  });

  test('accepts keys that begin with any byte', async () => {
    const keys = Array.from({ length: 255 }, (_, n) => `${String.fromCharCode(n)}x`);
    await journal.commit(keys.map((key) => put(key, key)));
    expect(keysIn(journal)).toEqual(keys);
  });

  test('sorts a key before the keys that it is a prefix of', async () => {
    await journal.commit([put('ab', ''), put('a', ''), put('a\0', ''), put('b', '')]);
    expect(keysIn(journal)).toEqual(['a', 'a\0', 'ab', 'b']);
    expect(keysIn(journal, 'a\0', 'b')).toEqual(['a\0', 'ab']);
  });

  test('returns ranges with their beginning, without their end, and up to their limit', async () => {
    await journal.commit(['a', 'b', 'c', 'd'].map((key) => put(key, key)));
    expect(keysIn(journal, 'b', 'd')).toEqual(['b', 'c']);
    expect(keysIn(journal, 'b', 'd', 1)).toEqual(['b']);
    expect(keysIn(journal, 'bb', 'cc')).toEqual(['c']);
    expect(keysIn(journal, 'd', 'd')).toEqual([]);
    expect(keysIn(journal, 'x', 'z')).toEqual([]);
  });

  test('returns the last key before the end of a range, and undefined for an empty range', async () => {
    expect(journal.lastKey('a', 'z')).toBeUndefined();
    await journal.commit(['b', 'c', 'd'].map((key) => put(key, key)));
    expect(journal.lastKey('a', 'z')).toBe('d');
    expect(journal.lastKey('a', 'd')).toBe('c');
    expect(journal.lastKey('b', 'c')).toBe('b');
    expect(journal.lastKey('a', 'b')).toBeUndefined();
    expect(journal.lastKey('e', 'z')).toBeUndefined();
    expect(journal.lastKey('bb', 'c')).toBeUndefined();
  });

  test('keeps the later of two writes to one key in a commit', async () => {
    await journal.commit([put('a', 'old'), put('a', 'new'), put('b', 'b'), remove('b')]);
    await journal.commit([remove('a'), put('a', 'newest'), remove('never there')]);
    expect(keysIn(journal)).toEqual(['a']);
    expect(textOf(journal.get('a'))).toBe('newest');
  });

  test('accepts an empty commit', async () => {
    await journal.commit([]);
    expect(keysIn(journal)).toEqual([]);
  });

  test('shows a commit as soon as its promise resolves, even after reads in the same turn', async () => {
    for (let n = 0; n < 50; n++) {
      const before = journal.get('a');
      expect(textOf(before)).toBe(n === 0 ? undefined : String(n - 1));
      await journal.commit([put('a', String(n)), put(`row ${n}`, '')]);
      expect(textOf(journal.get('a'))).toBe(String(n));
      expect(keysIn(journal, 'row', 'rox')).toHaveLength(n + 1);
    }
  });

  test('shows a commit as a whole or not at all', async () => {
    const count = 20_000;
    const writes = Array.from({ length: count }, (_, n) => put(`row ${n}`, 'x'.repeat(50)));
    const committed = journal.commit(writes);
    const done = committed.then(() => true);
    const seen = new Set<number>();
    for (let isDone = false; !isDone; ) {
      seen.add(keysIn(journal, 'row', 'rox').length);
      const turn = new Promise((resolve) => setImmediate(resolve));
      isDone = await Promise.race([done, turn.then(() => false)]);
    }
    seen.add(keysIn(journal, 'row', 'rox').length);
    seen.delete(0);
    expect([...seen]).toEqual([count]);
  });

  test('leaves returned values unchanged by later reads and writes', async () => {
    await journal.commit(Array.from({ length: 100 }, (_, n) => put(`k${n}`, `value ${n}`)));
    const first = journal.get('k7');
    const ranged = journal.range('k', 'l', 3);
    for (let n = 0; n < 100; n++) {
      journal.get(`k${n}`);
    }
    journal.range('k', 'l', ALL);
    await journal.commit(Array.from({ length: 100 }, (_, n) => put(`k${n}`, 'overwritten')));
    journal.get('k9');
    expect(textOf(first)).toBe('value 7');
    expect(ranged.map(({ value }) => textOf(value))).toEqual(['value 0', 'value 1', 'value 10']);
  });

  test('accepts a value that is a view of a larger buffer', async () => {
    const frame = Buffer.from('....payload....');
    const committed = journal.commit([{ key: 'view', value: frame.subarray(4, 11) }]);
    await committed;
    expect(textOf(journal.get('view'))).toBe('payload');
  });

  test('keeps values of megabytes', async () => {
    const value = new Uint8Array(5_000_000).map((_, n) => n % 253);
    await journal.commit([{ key: 'large', value }]);
    expect(Buffer.compare(journal.get('large') ?? new Uint8Array(), value)).toBe(0);
  });

  test('reports its size and the free space', async () => {
    await journal.commit([put('a', 'x'.repeat(10_000))]);
    const { freeBytes, reserveBytes, usedBytes } = journal.space();
    expect(usedBytes).toBeGreaterThanOrEqual(10_000);
    expect(freeBytes).toBeGreaterThan(reserveBytes);
  });

  test('behaves as an ordered map under any writes', async () => {
    const key = fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 6 })
      .map((codes) => `p${String.fromCharCode(...codes)}`);
    const write = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 20 })) });
    const batches = fc.array(fc.array(write, { maxLength: 12 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(batches, key, key, async (written, one, other) => {
        await journal.commit(keysIn(journal).map(remove));
        const map = new Map<string, Uint8Array>();
        for (const batch of written) {
          const writes = batch.map(({ value, ...rest }) => ({
            ...rest,
            value: value ?? undefined,
          }));
          await journal.commit(writes);
          for (const { key: k, value } of writes) {
            if (value === undefined) {
              map.delete(k);
            } else {
              map.set(k, value);
            }
          }
        }
        const [from, to] = one < other ? [one, other] : [other, one];
        const expected = [...map.keys()].filter((k) => k >= from && k < to).toSorted();
        expect(keysIn(journal, from, to)).toEqual(expected);
        for (const [k, value] of map) {
          expect(Buffer.compare(journal.get(k) ?? Buffer.from('missing'), value)).toBe(0);
        }
      }),
      { numRuns: kind === 'memory' ? 300 : 40 },
    );
  });
});

/** The flags with which this process has these files open. */
const flagsOf = async (paths: readonly string[]): Promise<number[]> => {
  const flags: number[] = [];
  for (const descriptor of await readdir('/proc/self/fd')) {
    const path = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '');
    if (paths.includes(path)) {
      const info = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8');
      flags.push(Number.parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '', 8));
    }
  }
  return flags;
};

describe('a data directory', () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
  });

  /** Starts a process that opens the directory and writes. Its clock stands still, so its log is never checkpointed. */
  const openElsewhere = async (path: string): Promise<ChildProcess> => {
    const module = import.meta.resolve('@millrace/manager/internals');
    const protocol = import.meta.resolve('@millrace/protocol');
    const script = `
      const { diskJournal } = await import(${JSON.stringify(module)});
      const { systemClock } = await import(${JSON.stringify(protocol)});
      const journal = await diskJournal(${JSON.stringify(path)}, { ...systemClock, after: () => () => {} });
      await journal.commit([{ key: 'written', value: Buffer.from('elsewhere') }]);
      await journal.commit([]);
      process.stdout.write('open');
      setInterval(() => {}, 1_000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout ?? child, 'data');
    return child;
  };

  test('is made with its parents when it is missing', async () => {
    const path = join(directory, 'deep', 'er');
    const journal = await openDisk(path);
    expect(existsSync(path)).toBe(true);
    await journal.close();
  });

  test('keeps everything when it is closed and opened again', async () => {
    const before = await openDisk(directory);
    await before.commit([put('a', 'one'), put('b', ''), put('c\0\xff', 'two')]);
    await before.close();
    const after = await openDisk(directory);
    expect(keysIn(after)).toEqual(['a', 'b', 'c\0\xff']);
    expect(textOf(after.get('c\0\xff'))).toBe('two');
    await after.close();
  });

  test('is for one manager at a time', async () => {
    const journal = await openDisk(directory);
    await expect(openDisk(directory)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await expect(openDisk(directory)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await journal.commit([put('a', 'still mine')]);
    await journal.close();
    const next = await openDisk(directory);
    expect(textOf(next.get('a'))).toBe('still mine');
    await next.close();
  });

  test('is refused while another process has it open, and free when that process is killed', async () => {
    const child = await openElsewhere(directory);
    await expect(openDisk(directory)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(join(directory, 'manager.lock'))).toBe(true);
    const journal = await openDisk(directory);
    expect(textOf(journal.get('written'))).toBe('elsewhere');
    await journal.close();
  });

  test('is refused while the process that has it open is stopped', async () => {
    const child = await openElsewhere(directory);
    child.kill('SIGSTOP');
    await expect(openDisk(directory)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    child.kill('SIGCONT');
  });

  test('goes to exactly one of many openers after its process has died', async () => {
    const child = await openElsewhere(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => openDisk(directory)));
    const won = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
    expect(won).toHaveLength(1);
    await won[0]?.close();
  });

  test('may have a path that is too long for a socket', async () => {
    const path = join(directory, 'x'.repeat(100), 'y'.repeat(100));
    await mkdir(path, { recursive: true });
    const journal = await openDisk(path);
    await expect(openDisk(path)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await journal.close();
    const child = await openElsewhere(path);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await openDisk(path);
    await next.close();
  });

  test('has the commits of a process that was killed', async () => {
    const child = await openElsewhere(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const journal = await openDisk(directory);
    expect(textOf(journal.get('written'))).toBe('elsewhere');
    await journal.commit([put('more', 'here')]);
    await journal.close();
    const next = await openDisk(directory);
    expect(keysIn(next)).toEqual(['more', 'written']);
    await next.close();
  });

  test('is refused when a file of its log is missing', async () => {
    await (await openDisk(directory)).close();
    await rm(join(directory, 'log.1'));
    await expect(openDisk(directory)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('log.1 is missing'),
    });
  });

  test('is refused when its log is damaged, with the place', async () => {
    const child = await openElsewhere(directory);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const path = join(directory, 'log.0');
    const log = await readFile(path);
    log[log.indexOf('elsewhere')] = 0;
    await writeFile(path, log);
    await expect(openDisk(directory)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('the log is damaged: record 1 is missing'),
    });
  });

  /** A store that a dead process has left: two rows in its tree, one of them damaged. */
  const damagedAndUnclosed = async (): Promise<string> => {
    const source = join(directory, 'source');
    const first = await openDisk(source);
    await first.commit([put('good', 'as it was'), put('bad', 'a payload')]);
    await first.close();
    // Opened and not closed; the copy has no lock.
    const second = await openDisk(source);
    const left = join(directory, 'left');
    await cp(source, left, { recursive: true, filter: (path) => !path.endsWith('.lock') });
    await second.close();
    const path = join(left, 'data.mdb');
    const tree = await readFile(path);
    for (let at = tree.indexOf('a payload'); at >= 0; at = tree.indexOf('a payload', at)) {
      tree.write('A', at);
    }
    await writeFile(path, tree);
    return left;
  };

  test('is checked value by value when its tree is too large to be checked at a start', async () => {
    const before = { ...tuning };
    const left = await damagedAndUnclosed();
    Object.assign(tuning, { treeCheckAlwaysBytes: 0, treeCheckUncleanBytes: 0 });
    try {
      const journal = await openDisk(left);
      expect(textOf(journal.get('good'))).toBe('as it was');
      const said = /data\.mdb is damaged: the value of the key "bad" has a wrong checksum/;
      expect(() => journal.get('bad')).toThrow(said);
      expect(() => keysIn(journal)).toThrow(said);
      await journal.close();
    } finally {
      Object.assign(tuning, before);
    }
  });

  test('is checked as a whole after two ends out of order, and when it was changed while closed', async () => {
    const before = { ...tuning };
    const left = await damagedAndUnclosed();
    Object.assign(tuning, { treeCheckAlwaysBytes: 0, treeCheckUncleanBytes: 0 });
    try {
      const again = join(directory, 'again');
      const journal = await openDisk(left);
      await cp(left, again, { recursive: true, filter: (path) => !path.endsWith('.lock') });
      await journal.close();
      const refused = { code: 'STORE_FAILED', message: expect.stringContaining('wrong checksum') };
      await expect(openDisk(again)).rejects.toMatchObject(refused);
      // The copy of a closed store is a changed file to its identity.
      const copied = join(directory, 'copied');
      await cp(left, copied, { recursive: true });
      await expect(openDisk(copied)).rejects.toMatchObject(refused);
    } finally {
      Object.assign(tuning, before);
    }
  });

  test('is refused when it has a log and no tree', async () => {
    await writeFile(join(directory, 'log.0'), 'half a file');
    await expect(openDisk(directory)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('data.mdb is missing'),
    });
    expect(await readFile(join(directory, 'log.0'), 'utf8')).toBe('half a file');
  });

  test('gets no store when it has other files', async () => {
    await writeFile(join(directory, 'letter.txt'), 'to a friend');
    await expect(openDisk(directory)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('other files such as letter.txt'),
    });
    await rm(join(directory, 'letter.txt'));
    await mkdir(join(directory, 'lost+found'));
    await writeFile(join(directory, '.gitignore'), '*');
    await (await openDisk(directory)).close();
    await writeFile(join(directory, 'letter.txt'), 'to a friend');
    await (await openDisk(directory)).close();
  });

  test('is refused and left as it is when its tree never had a log', async () => {
    const tree = lmdbJournal(directory);
    await tree.commit([put('a', 'old')]);
    await tree.close();
    await expect(openDisk(directory)).rejects.toMatchObject({ code: 'STORE_VERSION' });
    expect(existsSync(join(directory, 'log.0'))).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')(
    'has a log with synchronous writes, both when it is made and when it is opened',
    async () => {
      for (let n = 0; n < 2; n++) {
        const journal = await openDisk(directory);
        const flags = await flagsOf(['log.0', 'log.1'].map((name) => join(directory, name)));
        expect(flags.map((flag) => flag & constants.O_DSYNC)).toEqual([
          constants.O_DSYNC,
          constants.O_DSYNC,
        ]);
        await journal.close();
      }
    },
  );

  test('is refused with a reason when its path cannot be a directory', async () => {
    const file = join(directory, 'a file');
    await writeFile(file, '');
    await expect(openDisk(join(file, 'below'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});
