import { expect, test } from 'vitest';
import { memoryJournal } from '../../store/memory/memory-journal.ts';
import { LAYOUT, type Migration, migrate, type OldStore } from './layouts.ts';

const value = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

const storeOf = (layout: number, options: Partial<OldStore> = {}): OldStore => {
  const rows = memoryJournal();
  void rows.commit([{ key: 'a', value: value('1') }]);
  const space = () => ({ usedBytes: 0, freeBytes: 1_000, reserveBytes: 100 });
  return { rows, space, layout, software: undefined, ...options };
};

const refusal = { code: 'STORE_VERSION' };

test('a store of the present layout stays as it is', () => {
  expect(migrate(storeOf(LAYOUT))).toEqual([]);
});

test('a newer store is refused, with the version to install', () => {
  const store = storeOf(LAYOUT + 1, { software: '9.8.7' });
  expect(() => migrate(store)).toThrow(/install millrace 9\.8\.7 or a later one/);
  expect(() => migrate(store)).toThrow(expect.objectContaining(refusal));
});

test('a newer store that does not say its version is refused as well', () => {
  expect(() => migrate(storeOf(LAYOUT + 1))).toThrow(/the version that wrote it/);
});

test('a store of a layout that was never released is refused', () => {
  expect(() => migrate(storeOf(5))).toThrow(expect.objectContaining(refusal));
});

const append =
  (text: string): Migration =>
  (rows) => [{ key: 'a', value: value(`${Buffer.from(rows.get('a') ?? '').toString()}${text}`) }];

const chain = new Map([
  [LAYOUT, append('2')],
  [LAYOUT + 1, append('3')],
]);

test('migrations run one after another, each on what the one before has written', () => {
  const writes = migrate(storeOf(LAYOUT), LAYOUT + 2, chain);
  expect(writes).toEqual([{ key: 'a', value: value('123') }]);
});

test('a migration that the disk has no room for is refused before anything is written', () => {
  const space = () => ({ usedBytes: 0, freeBytes: 105, reserveBytes: 100 });
  const store = storeOf(LAYOUT, { space });
  expect(() => migrate(store, LAYOUT + 2, chain)).toThrow(/nothing was changed/);
  expect(migrate(store, LAYOUT)).toEqual([]);
});
