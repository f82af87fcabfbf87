import { expect, test } from 'vitest';
import { fit } from '../status/screen.ts';
import { renderTable } from './table.ts';
import { displayWidth } from './width.ts';

const RED = '\u001b[31m';
const END = '\u001b[0m';

test.each([
  ['', 0],
  ['mill', 4],
  ['Übung', 5],
  ['U\u0308bung', 5],
  ['水車', 4],
  ['ﾐﾙ', 2],
  ['ミル', 4],
  ['물레', 4],
  ['𠮷', 2],
  ['🚀', 2],
  ['👩‍🚀', 2],
  ['🇨🇭', 2],
  ['❤️', 2],
  ['a\u200bb', 2],
  ['… →', 3],
])('%j takes %d columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a line of wide characters is cut to the columns of the screen, and says so', () => {
  expect(fit('水車小屋', 8)).toBe('水車小屋');
  expect(fit('水車小屋', 7)).toBe(`水車小…${END}`);
  expect(fit('水車小屋', 6)).toBe(`水車…${END}`);
  expect(fit(`${RED}mill${END}`, 4)).toBe(`${RED}mill${END}`);
  expect(fit(`${RED}mill${END}race`, 6)).toBe(`${RED}mill${END}r…${END}`);
});

test('a name of wide characters keeps the columns of its table', () => {
  expect(renderTable(['WORKER', 'PID'], [['水車小屋', '7']])).toBe('WORKER    PID\n水車小屋    7');
});
