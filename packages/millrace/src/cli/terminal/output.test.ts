import { expect, test } from 'vitest';
import { jsonLine } from './output.ts';

test.each([
  ['undefined', undefined, 'null'],
  ['bytes', new Uint8Array([1, 2]), '"AQI="'],
  ['a Buffer', Buffer.from([1, 2]), '"AQI="'],
  ['a Buffer in an object', { a: { b: Buffer.from([1, 2]) } }, '{"a":{"b":"AQI="}}'],
  ['bytes in a list', [new Uint8Array([1]), Buffer.from([2])], '["AQ==","Ag=="]'],
  ['a small bigint', 5n, '5'],
  ['the largest safe integer as a bigint', { n: 2n ** 53n - 1n }, '{"n":9007199254740991}'],
  ['a bigint beyond it', [2n ** 53n, -(2n ** 63n)], '["9007199254740992","-9223372036854775808"]'],
  ['a Date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [
    'an object that was a Buffer once',
    { type: 'Buffer', data: [1] },
    '{"type":"Buffer","data":[1]}',
  ],
])('%s is printed as JSON', (_name, value, expected) => {
  expect(jsonLine(value)).toBe(expected);
});
