import { expect, test } from 'vitest';
import { renderPairs } from './output.ts';
import { plainText } from './plain-text.ts';
import { renderTable } from './table.ts';

const ESCAPE = '\u001b';
const CSI = '\u009b';

test('control characters are shown as escapes', () => {
  expect(plainText(`${ESCAPE}[2Jgone${CSI}1m\r`)).toBe(String.raw`\u001b[2Jgone\u009b1m\u000d`);
  expect(plainText('Übung 水車')).toBe('Übung 水車');
});

test('a name with a line break stays in its row and in its pair', () => {
  const name = `evil\nname${ESCAPE}[31m`;
  const shown = String.raw`evil\nname\u001b[31m`;
  expect(renderTable(['TASK'], [[name]])).toBe(`TASK\n${shown}`);
  expect(renderPairs([['task', name]])).toBe(`task  ${shown}`);
});
