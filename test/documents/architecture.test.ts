import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskMoves } from '@millrace/manager/internals';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
const diagram = /```mermaid\n(stateDiagram-v2[\s\S]*?)```/.exec(text)?.[1] ?? '';

test('the diagram of a task shows exactly the moves of the machine', () => {
  const drawn = [...diagram.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(
    ([, from, to, move]) => `${from} ${move} ${to}`,
  );
  const table = Object.entries(taskMoves).flatMap(([from, moves]) =>
    Object.entries(moves).map(([move, to]) => `${from} ${move} ${to}`),
  );
  expect(new Set(drawn)).toEqual(new Set(table));
  expect(drawn).toHaveLength(table.length);
});

test('the diagram of a task ends in the final states of the machine', () => {
  const drawn = [...diagram.matchAll(/^ {2}(\w+) --> \[\*\]$/gm)].map(([, from]) => from);
  const final = Object.entries(taskMoves).flatMap(([from, moves]) =>
    Object.keys(moves).length === 0 ? [from] : [],
  );
  expect(new Set(drawn)).toEqual(new Set(final));
});
