import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestFiles } from 'example-tree-digest/digest';
import { digestDirectly } from 'example-tree-digest/direct';
import { ProgressBar, progressLine } from 'example-tree-digest/progress-bar';
import { accountLines, differences, isComplete } from 'example-tree-digest/report';
import { countRuns, JOURNAL_VARIABLE, journalPath, noteRun } from 'example-tree-digest/run-journal';
import { changedSince, takeSnapshot } from 'example-tree-digest/snapshot';
import { mergeSummaries, mergesOf, mergeTree, type Summary } from 'example-tree-digest/summary';
import { mostFrequent, vocabularyOf, WordCounter } from 'example-tree-digest/words';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tree-digest-test-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const sha256 = (...contents: string[]): string => {
  const hash = createHash('sha256');
  for (const text of contents) {
    hash.update(createHash('sha256').update(text).digest());
  }
  return hash.digest('hex');
};

const summaryOf = (fields: Partial<Summary>): Summary => ({
  files: 1,
  unread: 0,
  bytes: 0,
  lines: 0,
  words: 0,
  counts: [0],
  sha256: '00',
  ...fields,
});

describe('counting words', () => {
  test('words are runs of letters, in either case', () => {
    const counter = new WordCounter(['the', 'mill']);
    counter.add(Buffer.from('The mill, the MILL-race\nthemill 7the7 é the'));
    expect(counter.counts).toEqual([4, 2]);
    expect(counter.words).toBe(8);
    expect(counter.lines).toBe(1);
  });

  test('a word does not continue from one file into the next', () => {
    const counter = new WordCounter(['mill']);
    counter.add(Buffer.from('mi'));
    counter.add(Buffer.from('ll'));
    expect(counter).toMatchObject({ counts: [0], words: 2, lines: 0 });
  });

  test('the counter finds the same words as a regular expression, in any bytes', () => {
    const vocabulary = ['a', 'ab', 'aba', 'b', 'ba'];
    const letters = fc.constantFrom('a', 'b', 'A', 'B', ' ', '\n', '\0', '\u00ff');
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 200 }), (text) => {
        const counter = new WordCounter(vocabulary);
        counter.add(Buffer.from(text, 'latin1'));
        const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
        expect(counter.words).toBe(words.length);
        expect(counter.lines).toBe(text.split('\n').length - 1);
        expect(counter.counts).toEqual(
          vocabulary.map((word) => words.filter((found) => found === word).length),
        );
      }),
    );
  });

  test('the vocabulary is the most frequent words of three letters or more', () => {
    const sample = [Buffer.from('wheel if if if Wheel race'), Buffer.from('mill race wheel')];
    expect(vocabularyOf(sample, 2)).toEqual(['wheel', 'race']);
  });

  test('words of equal frequency are sorted alphabetically', () => {
    const counted = ['c', 'a', 'b'].map((word) => ({ word, count: 1 }));
    expect(mostFrequent(counted, 2).map(({ word }) => word)).toEqual(['a', 'b']);
  });
});

describe('a snapshot', () => {
  beforeEach(async () => {
    await mkdir(join(directory, 'b', '.git'), { recursive: true });
    await writeFile(join(directory, 'b', 'two.txt'), 'two');
    await writeFile(join(directory, 'a.txt'), 'one');
    await writeFile(join(directory, 'b', '.git', 'HEAD'), 'left out');
    await symlink(join(directory, 'a.txt'), join(directory, 'link.txt'));
    await symlink(directory, join(directory, 'b', 'loop'));
  });

  test('lists regular files by path and follows no link', async () => {
    const { files } = await takeSnapshot(directory);
    expect(files.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['a.txt', 3],
      ['b/two.txt', 3],
    ]);
  });

  test('finds the files that changed after it', async () => {
    const snapshot = await takeSnapshot(directory);
    expect(await changedSince(snapshot)).toEqual([]);
    await utimes(join(directory, 'a.txt'), 1, 1);
    await rm(join(directory, 'b', 'two.txt'));
    expect(await changedSince(snapshot)).toEqual(['a.txt', 'b/two.txt']);
  });
});

describe('a digest', () => {
  test('sums up the files of its list, in order', async () => {
    await writeFile(join(directory, 'a'), 'one mill\n');
    await writeFile(join(directory, 'b'), 'mill\nmill');
    const list = { root: directory, paths: ['a', 'b'], vocabulary: ['mill'] };
    expect(await digestFiles(list)).toEqual({
      files: 2,
      unread: 0,
      bytes: 18,
      lines: 2,
      words: 4,
      counts: [3],
      sha256: sha256('one mill\n', 'mill\nmill'),
    });
  });

  test('counts a missing file, whose place changes the digest', async () => {
    await writeFile(join(directory, 'a'), 'one');
    const digest = (paths: string[]) => digestFiles({ root: directory, paths, vocabulary: [] });
    const [alone, before, after] = [
      await digest(['a']),
      await digest(['gone', 'a']),
      await digest(['a', 'gone']),
    ];
    expect(before).toMatchObject({ files: 1, unread: 1, bytes: 3 });
    expect(new Set([alone.sha256, before.sha256, after.sha256]).size).toBe(3);
  });
});

describe('merging', () => {
  test('adds the numbers and hashes the digests', () => {
    const one = summaryOf({ files: 2, unread: 1, bytes: 3, lines: 4, words: 5, counts: [6, 7] });
    const two = summaryOf({ bytes: 10, counts: [0, 1], sha256: '0f' });
    expect(mergeSummaries([one, two])).toEqual({
      files: 3,
      unread: 1,
      bytes: 13,
      lines: 4,
      words: 5,
      counts: [6, 8],
      sha256: createHash('sha256')
        .update(Buffer.from([0x00, 0x0f]))
        .digest('hex'),
    });
  });

  test.each([
    [0, []],
    [1, [1]],
    [8, [1]],
    [9, [2, 1]],
    [65, [9, 2, 1]],
  ])('%i leaves take levels of %j merges', async (count, levels) => {
    const leaves = Array.from({ length: count }, () => summaryOf({}));
    const seen: number[] = [];
    const root = await mergeTree(leaves, async (groups) => {
      seen.push(groups.length);
      return groups.map(mergeSummaries);
    });
    expect(seen.filter((merges) => merges > 0)).toEqual(levels);
    expect(mergesOf(count)).toBe(levels.reduce((total, merges) => total + merges, 0));
    expect(root.files).toBe(count);
  });

  test('the direct computation reports each list', async () => {
    await writeFile(join(directory, 'a'), 'one');
    const list = { root: directory, paths: ['a'], vocabulary: [] };
    let told = 0;
    const summary = await digestDirectly([list, list], () => {
      told += 1;
    });
    expect(told).toBe(2);
    expect(summary.files).toBe(2);
  });
});

describe('the journal of runs', () => {
  test('counts the runs of a task over all workers', () => {
    for (const worker of ['worker-1', 'worker-2']) {
      vi.stubEnv(JOURNAL_VARIABLE, journalPath(directory, worker));
      noteRun('task-a');
    }
    noteRun('task-b');
    expect(countRuns(directory)).toEqual(
      new Map([
        ['task-a', 2],
        ['task-b', 1],
      ]),
    );
  });
});

describe('the progress bar', () => {
  const progress = { label: 'digest', done: 26, total: 65, elapsedMs: 2_000 };

  test('shows rate and time left', () => {
    expect(progressLine(progress, 80)).toBe(
      '[============                  ]  digest  40 %  26/65  13.0/s  3 s left',
    );
  });

  test('fits into any terminal', () => {
    for (let columns = 0; columns < 100; columns++) {
      expect(progressLine(progress, columns).length).toBeLessThanOrEqual(columns);
    }
    expect(progressLine(progress, 45)).toBe('digest  40 %  26/65  13.0/s  3 s left');
    expect(progressLine(progress, 30)).toBe('digest  40 %  26/65');
  });

  test('shows no time left before the first task is done', () => {
    expect(progressLine({ ...progress, done: 0 }, 79)).toContain('0/65  0.0/s  ? s left');
  });

  test('writes plain lines without a terminal', () => {
    const written: string[] = [];
    const bar = new ProgressBar('merge', 20, { write: (text) => written.push(text) });
    for (let done = 0; done < 20; done++) {
      bar.tick();
    }
    bar.say('said');
    bar.end();
    expect(written).toHaveLength(11);
    expect(written.every((line) => /^[ -~]+\n$/.test(line))).toBe(true);
  });

  test('redraws one line on a terminal', () => {
    const written: string[] = [];
    const screen = { isTTY: true, columns: 40, write: (text: string) => written.push(text) };
    const bar = new ProgressBar('merge', 1, screen);
    bar.tick();
    bar.end();
    const lines = written.join('').split('\r\u001b[2K');
    expect(lines.at(-1)).toMatch(/100 % {2}1\/1 .*\n$/);
    expect(lines.every((line) => line.trimEnd().length < 40)).toBe(true);
  });
});

describe('the report', () => {
  const account = { sent: 5, enqueued: 5, succeeded: 5, dead: 0, ran: 5, ranTwice: 1 };

  test('is complete when every task succeeded', () => {
    expect(isComplete(account)).toBe(true);
    expect(accountLines(account).join('\n')).toContain('5 = 5 succeeded + 0 dead');
  });

  test.each([
    { sent: 6 },
    { enqueued: 6 },
    { succeeded: 4 },
    { succeeded: 4, dead: 1 },
    { ran: 4 },
  ])('is not complete with %j', (fault) => {
    expect(isComplete({ ...account, ...fault })).toBe(false);
  });

  test('names the fields that differ', () => {
    const summary = summaryOf({});
    expect(differences(summary, summaryOf({}))).toEqual([]);
    expect(differences(summary, summaryOf({ lines: 1, counts: [1] }))).toEqual(['lines', 'counts']);
  });
});
