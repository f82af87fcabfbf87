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

test('a word that resembles no known word gets the list', () => {
  expect(suggestion('colour', known)).toBe('; choose from port, host, dataDir, autoQueues');
});

test('an empty list says so', () => {
  expect(suggestion('colour', [])).toBe('; there are none');
});
