import { readFileSync } from 'node:fs';
import { findingKinds } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { stages } from '../support/stage.ts';

const openStage = stages();
const guide = readFileSync(new URL('../../docs/guide/operations.md', import.meta.url), 'utf8');

/** The lines of a glossary in a help text: `  HEAD  meaning`. */
const glossary = (help: string): string[][] =>
  [...help.matchAll(/^ {2}([A-Z][A-Z0-9/s-]+) +(.+)$/gm)].map(([, head = '', meaning = '']) => [
    head,
    meaning,
  ]);

/** The rows of the tables in the guide whose first column is the head of a column. */
const documented = (): string[][] =>
  [...guide.matchAll(/^\| ([A-Z][A-Z0-9/s-]+) \| (.+) \|$/gm)].map(
    ([, head = '', meaning = '']) => [head, meaning],
  );

const heads = (line = ''): string[] => line.trim().split(/\s{2,}/);

test('the help and the guide explain every column of the status in the same words', async () => {
  const stage = await openStage();
  await stage.manager();
  const worker = await stage.worker(new URL('handlers.ts', import.meta.url));
  const help = glossary((await stage.cli(['status', '--help'])).stdout);
  const { stdout } = await stage.cli(['status']);
  const lines = stdout.split('\n');
  const queues = heads(lines.find((line) => line.startsWith('QUEUE')));
  const workers = heads(lines.find((line) => line.startsWith('WORKER')));
  expect(help.map(([head]) => head)).toEqual([...queues, ...workers]);
  expect(documented()).toEqual(help);
  expect(glossary((await stage.cli(['queue', 'ls', '--help'])).stdout)).toEqual(
    help.slice(0, queues.length),
  );
  expect(glossary((await stage.cli(['worker', 'ls', '--help'])).stdout)).toEqual(
    help.slice(queues.length),
  );
  expect(lines.find((line) => line.startsWith('worker '))).toMatch(/ ok /);
  await worker.end('SIGTERM');
});

test('every finding is explained in the guide', () => {
  const rows = [...guide.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind = '']) => kind);
  expect(new Set(rows)).toEqual(new Set(findingKinds));
  expect(rows).toHaveLength(findingKinds.length);
});
