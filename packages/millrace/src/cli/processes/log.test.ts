import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { humanLine } from './log.ts';

test('on a terminal a line has its time, level, message and fields', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime();
  const line = JSON.stringify({
    level: 40,
    time,
    queue: 'mail',
    failures: 5,
    msg: 'a task is dead',
  });
  expect(stripVTControlCharacters(humanLine(line))).toBe(
    '03:04:05 warn  a task is dead queue=mail failures=5',
  );
});
