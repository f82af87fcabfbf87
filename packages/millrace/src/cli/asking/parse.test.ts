import { codeOf, decodePayload, encodePayload } from '@millrace/protocol';
import { describe, expect, test } from 'vitest';
import { json } from './parse.ts';

const arrived = (text: string): unknown => decodePayload(encodePayload(json(text), 'it'), 'it');

const refusal = (text: string): unknown => {
  try {
    return arrived(text);
  } catch (error) {
    return `${codeOf(error)}: ${error instanceof Error ? error.message : ''}`;
  }
};

describe('a payload of the command line arrives as it was typed', () => {
  test.each([
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', 2n ** 53n],
    ['9007199254740993', 2n ** 53n + 1n],
    ['-9007199254740993', -(2n ** 53n) - 1n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['{"id":9007199254740993,"n":1}', { id: 2n ** 53n + 1n, n: 1 }],
    ['[[9007199254740993]]', [[2n ** 53n + 1n]]],
    ['"9007199254740993"', '9007199254740993'],
    [
      '{"9007199254740993":"a \\" 9007199254740993"}',
      { '9007199254740993': 'a " 9007199254740993' },
    ],
    ['"\\\\"', '\\'],
    ['[1.5,1e3,-0.25,1e15]', [1.5, 1000, -0.25, 1e15]],
    [' [ 1 , 9007199254740993 ] ', [1, 2n ** 53n + 1n]],
    ['true', true],
  ])('%s', (text, expected) => {
    expect(arrived(text)).toEqual(expected);
  });
});

describe('a payload that would arrive as another is refused by name', () => {
  test.each([
    ['18446744073709551616', /^PAYLOAD_INVALID: .*beyond 64 bits/],
    ['[1e400]', /^BAD_OPTION: the number 1e400 is too large/],
    ['-1e999', /^BAD_OPTION: the number -1e999 is too large/],
    ['{"__proto__":1}', /^PAYLOAD_INVALID: .*__proto__/],
    ['{n:1}', /^BAD_OPTION: the payload is not JSON, .*\{n:1\}$/],
    ['', /^BAD_OPTION: the payload is not JSON/],
    ['NaN', /^BAD_OPTION/],
    ['01', /^BAD_OPTION/],
    [`[${'x'.repeat(5_000)}`, /… \(5001 characters\)$/],
  ])('%s', (text, expected) => {
    expect(refusal(text)).toMatch(expected);
  });
});
