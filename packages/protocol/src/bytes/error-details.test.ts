import { expect, test } from 'vitest';
import { limits } from '../words/limits.ts';
import { decodeErrorDetails, encodeErrorDetails, type PlainError } from './error-details.ts';
import { encodePayload } from './payload.ts';

const plain = (message: string, more: Partial<PlainError> = {}): PlainError => ({
  name: 'Error',
  message,
  stack: `Error: ${message}\n    at x`,
  ...more,
});

const chain = (length: number): PlainError =>
  plain(`level ${length}`, length > 1 ? { cause: chain(length - 1) } : {});

const depthOf = ({ cause }: { readonly cause?: PlainError }): number =>
  cause === undefined ? 0 : 1 + depthOf(cause);

test('code, causes and inner errors come out as they went in', () => {
  const details = {
    code: 'ERR_X',
    cause: plain('why', { code: 'ECONNREFUSED', cause: plain('why at all') }),
    errors: [plain('one'), plain('two', { errors: [plain('three')] })],
  };
  expect(decodeErrorDetails(encodeErrorDetails(details))).toEqual(details);
});

test('an error without any of them has no details', () => {
  expect(encodeErrorDetails({})).toBeUndefined();
  expect(encodeErrorDetails({ errors: [] })).toBeUndefined();
  expect(decodeErrorDetails(undefined)).toEqual({});
});

test('a chain is cut at eight levels', () => {
  const details = decodeErrorDetails(encodeErrorDetails({ cause: chain(50) }));
  expect(depthOf(details)).toBe(limits.errorDetailsMaxDepth);
});

test.each([
  [
    'long texts',
    { cause: plain('m'.repeat(1e6), { stack: 's'.repeat(1e6), code: 'c'.repeat(1e6) }) },
  ],
  [
    'many errors',
    { errors: Array.from({ length: 5_000 }, (_, n) => plain(`${n} ${'ü'.repeat(900)}`)) },
  ],
  [
    'a wide and deep tree',
    { errors: Array.from({ length: 40 }, () => plain('x'.repeat(4_000), { cause: chain(8) })) },
  ],
  ['half of a surrogate pair', { cause: plain('\ud800') }],
])('%s are cut to the bound of the wire', (_name, details) => {
  const bytes = encodeErrorDetails(details);
  expect(bytes?.length).toBeLessThanOrEqual(limits.errorDetailsMaxBytes);
  expect(Object.keys(decodeErrorDetails(bytes))).toEqual(Object.keys(details));
});

test.each([
  ['no MessagePack', new Uint8Array([0xc1])],
  ['no map', encodePayload([1], 'it')],
  ['other types', encodePayload({ code: 5, cause: 'text', errors: 'none' }, 'it')],
])('details that are %s are left out', (_name, bytes) => {
  expect(decodeErrorDetails(bytes)).toEqual({});
});
