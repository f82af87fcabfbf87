import { describe, expect, test } from 'vitest';
import { readDocument, root } from './markdown.ts';
import { lostLinks, lostNames, namesIn, readTree, treeOf } from './names.ts';

/** Files that documents tell users to write, or that millrace makes for users. */
const placeholders = new Set([
  'app.ts',
  'app.mjs',
  'app.cjs',
  'handlers.js',
  'handlers.mjs',
  'handlers.cjs',
  'tasks.mjs',
  'tasks.cjs',
  'millrace.toml',
  // Files of a store.
  'store.json',
  'manager.lock',
  // The file of a new mutant.
  'test/mutants/patches/NN-name.patch',
  // The store of a layout that is to be kept.
  'test/support/fixtures/stores/layout-N/',
]);
const tree = readTree(root);
const documents = [...tree.paths].filter(
  (path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md'),
);

describe('the documents of this repository', () => {
  test('are found', () => {
    expect(documents).toEqual(
      expect.arrayContaining(['README.md', 'PROTOCOL.md', 'bench/README.md', 'docs/README.md']),
    );
    expect(namesIn(readDocument('ARCHITECTURE.md')).length).toBeGreaterThan(10);
  });

  test.each(documents)('%s names only files that exist', (path) => {
    expect(lostNames(tree, path, readDocument(path), placeholders)).toEqual([]);
  });

  test('say that there is no published package before they install it', () => {
    const readme = readDocument('README.md');
    const said = readme.indexOf('not in the npm registry yet');
    expect(said).toBeGreaterThan(0);
    expect(said).toBeLessThan(readme.indexOf('npm install millrace'));
  });

  test.each(documents)('%s links only to files and headings that exist', (path) => {
    expect(lostLinks(tree, path, readDocument(path), readDocument)).toEqual([]);
  });
});

describe('a name', () => {
  const small = treeOf([
    { path: 'docs', isFile: false },
    { path: 'docs/guide', isFile: false },
    { path: 'docs/guide/tasks.md', isFile: true },
    { path: 'packages/worker/src/worker.ts', isFile: true },
  ]);
  const lost = (text: string): string[] => lostNames(small, 'docs/guide/a.md', text, new Set());

  test.each([
    '`worker.ts`',
    '`tasks.md`',
    '`./tasks.md`',
    '`docs/guide/`',
    '`packages/worker/src/worker.ts`',
    '`packages/worker/dist/worker.js`',
    '`worker.ts: move`',
    '`await client.close()` and `and/or`',
  ])('%s is found', (text) => {
    expect(lost(text)).toEqual([]);
  });

  test.each([
    '`gone.ts`',
    '`src/worker.ts`',
    '`packages/worker/gone`',
    '`npx vitest run test/gone`',
    '```sh\nnode scripts/gone\n```',
  ])('%s is not found', (text) => {
    expect(lost(text)).toHaveLength(1);
  });

  test('may be that of a file that a user writes', () => {
    expect(lostNames(small, 'a.md', '`app.ts`', new Set(['app.ts']))).toEqual([]);
  });
});

describe('a link', () => {
  const small = treeOf([
    { path: 'docs/a.md', isFile: true },
    { path: 'docs/b.md', isFile: true },
  ]);
  const lost = (text: string): string[] =>
    lostLinks(small, 'docs/a.md', text, () => '# What `b` is, in short\n');

  test('to a file, to a heading, and out of the repository is found', () => {
    expect(lost('[b](b.md) [b](b.md#what-b-is-in-short) [x](https://example.org)')).toEqual([]);
  });

  test('to a missing file or heading is reported', () => {
    expect(lost('[c](c.md) [b](b.md#gone) [here](#nowhere)')).toHaveLength(3);
  });

  test('in code is ignored', () => {
    expect(lost('`[c](c.md)`\n\n```md\n[c](c.md)\n```\n')).toEqual([]);
  });
});
