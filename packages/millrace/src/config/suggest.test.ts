import { expect, test } from 'vitest';
import { closest, suggestion } from './suggest.ts';

const known = ['port', 'host', 'dataDir', 'autoQueues'];

test.each([
  ['prot', 'port'],
  ['datadir', 'dataDir'],
  ['autoQueue', 'autoQueues'],
  ['hots', 'host'],
  ['colour', undefined],
  ['x', undefined],
])('%s means %s', (typed, meant) => {
  expect(closest(typed, known)).toBe(meant);
});

test('what resembles nothing gets the list', () => {
  expect(suggestion('colour', known)).toBe('; there are port, host, dataDir, autoQueues');
});

test('where nothing is known, the list says so', () => {
  expect(suggestion('colour', [])).toBe('; there are none');
});
