import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plain } from '../testing/plain.ts';
import { bytesOf } from '../testing/vectors.ts';
import { codeOf, messageOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { decodePayload, encodePayload } from './payload.ts';

const RUNS = Number(process.env['MILLRACE_FUZZ_RUNS'] ?? 5_000);

const pass = (value: unknown): unknown => decodePayload(encodePayload(value, 'this'), 'that');

const refusalOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return `${codeOf(error)}: ${messageOf(error)}`;
  }
};

const nested = (levels: number): unknown => {
  let value: unknown = [];
  for (let i = 1; i < levels; i++) {
    value = [value];
  }
  return value;
};

describe('a payload comes out as it went in', () => {
  test.each([
    ['null', null],
    ['a number', 1.5],
    ['an integer beyond 32 bits', 5_000_000_000],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER],
    ['text', 'grüße 🙂\0'],
    ['a boolean', true],
    ['a small bigint', 5n],
    ['the largest bigint', 2n ** 64n - 1n],
    ['the smallest bigint', -(2n ** 63n)],
    ['a Date', new Date('2024-02-29T12:34:56.789Z')],
    ['a Date before 1970', new Date(-1)],
    ['bytes', new Uint8Array([0, 255])],
    ['an empty object', {}],
    ['an empty object of another realm', runInNewContext('({})')],
    ['an object without a prototype', Object.create(null)],
    ['the first Date', new Date(-8.64e15)],
    ['the last Date', new Date(8.64e15)],
    ['nested lists', [[], [1, [2]]]],
    ['an object with odd keys', { '': 1, a: 2, constructor: 3, length: 4 }],
  ])('when it is %s', (_name, value) => {
    expect(plain(pass(value))).toEqual(value);
  });

  test('for any JSON value', () => {
    // A key __proto__ is refused. -0 is 0 in JSON too.
    const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(json, (value) => {
        expect(pass(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a payload that has no equal in MessagePack takes the nearest form', () => {
  test.each([
    ['undefined becomes null', undefined, null],
    ['an undefined property becomes null', { a: undefined }, { a: null }],
    ['a Map becomes an object', new Map([['a', 1]]), { a: 1 }],
    ['a Set becomes a list', new Set([1, 2]), [1, 2]],
    [
      'a class instance becomes its own fields',
      new (class Point {
        x = 1;
      })(),
      { x: 1 },
    ],
    [
      'a class instance with toJSON becomes what that returns',
      new (class {
        toJSON = () => ({ a: 1 });
      })(),
      { a: 1 },
    ],
    ['a URL becomes its text', new URL('http://a/'), 'http://a/'],
    ['an ArrayBuffer becomes bytes', new Uint8Array([1, 2]).buffer, Buffer.from([1, 2])],
    ['a Buffer stays one', Buffer.from([1, 2]), Buffer.from([1, 2])],
    ['a Date of a class of its own becomes a Date', new (class extends Date {})(1), new Date(1)],
  ])('%s', (_name, value, expected) => {
    expect(pass(value)).toEqual(expected);
  });
});

describe('a payload that cannot travel is refused with PAYLOAD_INVALID', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const twice: Record<string, unknown> = {};
  twice['left'] = twice;
  twice['right'] = twice;
  const throughMap = new Map<string, unknown>();
  throughMap.set('self', [throughMap]);

  test.each([
    ['a function', () => 1, 'a function cannot travel'],
    ['a function deep inside', { a: [{ b: () => 1 }] }, 'a function cannot travel'],
    ['a function in a Map', new Map([['a', () => 1]]), 'a function cannot travel'],
    ['a function in a Set', new Set([() => 1]), 'a function cannot travel'],
    [
      'a function that toJSON returns',
      new (class {
        toJSON = () => () => 1;
      })(),
      'a function cannot travel',
    ],
    ['a plain object with toJSON', { toJSON: () => 1 }, 'a function cannot travel'],
    ['a symbol', Symbol('s'), 'a symbol cannot travel'],
    ['a cycle', cycle, 'it contains itself'],
    ['a cycle that branches', twice, 'it contains itself'],
    ['a cycle through a Map', throughMap, 'it contains itself'],
    ['a bigint beyond 64 bits', 2n ** 70n, 'beyond 64 bits cannot travel: send it as text'],
    ['a bigint just beyond 64 bits', 2n ** 64n, 'beyond 64 bits'],
    ['a bigint beyond 64 bits, negative', -(2n ** 63n) - 1n, 'beyond 64 bits'],
    ['101 lists inside each other', nested(101), 'nested deeper than 100 levels'],
    ['an invalid Date', { at: new Date(Number.NaN) }, 'an invalid Date cannot travel'],
    ['a Date of another realm', runInNewContext('new Date(1)'), 'of type Date'],
    ['a Response', new Response('x'), 'of type Response cannot travel: send its contents'],
    ['a Request', { it: new Request('http://a/') }, 'of type Request'],
    ['Headers', new Headers({ a: 'b' }), 'Object.fromEntries of it'],
    ['form data', new FormData(), 'of type FormData'],
    ['Math', Math, 'an object of type Math whose fields are all hidden'],
    ['JSON', { of: JSON }, 'an object of type JSON'],
    ['Reflect', [Reflect], 'an object of type Reflect'],
    ['Intl', Intl, 'an object of type Intl'],
    ['Atomics', Atomics, 'an object of type Atomics'],
    ['fields under symbols', { a: { [Symbol('b')]: 1 } }, 'it would arrive as {}'],
    ['fields that are not enumerable', Object.defineProperty({}, 'a', { value: 1 }), 'hidden'],
    [
      'hidden fields without a prototype',
      Object.defineProperty(Object.create(null), 'a', { value: 1 }),
      'hidden',
    ],
    ['search parameters', [new URLSearchParams('a=b')], 'send its text, String(it)'],
    ['the search parameters of a URL', new URL('http://a/?b=c').searchParams, 'URLSearchParams'],
    ['a Blob', new Blob(['x']), 'of type Blob'],
    [
      'a class that extends Headers',
      new (class extends Headers {
        own = 1;
      })(),
      'of type Headers',
    ],
    ['a stream', new ReadableStream(), 'of type ReadableStream'],
    ['a signal', { signal: new AbortController().signal }, 'of type AbortSignal'],
    ['an encoder', new TextEncoder(), 'of type TextEncoder'],
    ['a formatter', new Intl.NumberFormat('en'), 'of type Intl.NumberFormat'],
    ['a weak reference', new WeakRef({}), 'of type WeakRef'],
    ['an iterator', new Map([['a', 1]]).keys(), 'of type Map Iterator'],
    [
      'a class without a field of its own',
      new (class Account {
        readonly #owner = 'Ada';
        get owner() {
          return this.#owner;
        }
      })(),
      'of type Account',
    ],
    ['numbers of a typed array', { at: [new Float32Array([0.25])] }, 'its numbers as a list'],
    ['clamped bytes', new Uint8ClampedArray([1]), 'its bytes as a Buffer'],
    ['a DataView', new DataView(new ArrayBuffer(2)), 'its bytes as a Buffer'],
    ['shared memory', new SharedArrayBuffer(2), 'of type SharedArrayBuffer'],
    ['bytes of another realm', runInNewContext('new Uint8Array([1])'), 'its bytes as a Buffer'],
    ['a Map of another realm', runInNewContext('new Map([["a", 1]])'), 'of type Map'],
    [
      'a class that extends Map',
      new (class extends Map<string, number> {})([['a', 1]]),
      'of type Map',
    ],
    ['a Map with keys that are numbers', new Map([[1, 'a']]), 'a Map with a key of type number'],
    ['a regular expression', /x/, 'of type RegExp'],
    ['an error', { error: new TypeError('x') }, 'an object of type Error cannot travel'],
    ['a promise', { a: Promise.resolve(1) }, 'await it first'],
    ['a WeakMap', new WeakMap(), 'of type WeakMap'],
    ['a generator', (function* () {})(), 'of type Generator'],
    ['a boxed number', Object(3), 'of type Number'],
    ['half of a surrogate pair', ['a\ud800'], 'half of a surrogate pair'],
    ['half of a surrogate pair in a key', { 'a\ud800': 1 }, 'half of a surrogate pair'],
    ['a key __proto__', JSON.parse('{"__proto__":1}'), 'a key __proto__ cannot travel'],
  ])('such as %s', (_name, value, expected) => {
    const refusal = refusalOf(() => encodePayload(value, 'payload of task x'));
    expect(refusal).toMatch(/^PAYLOAD_INVALID: payload of task x cannot be encoded/);
    expect(refusal).toContain(expected);
  });
});

test('a hundred lists inside each other still travel', () => {
  expect(pass(nested(100))).toEqual(nested(100));
});

test('a payload of exactly the limit travels, and of one byte more does not', () => {
  const fits = new Uint8Array(limits.payloadMaxBytes - 5);
  expect(encodePayload(fits, 'it').length).toBe(limits.payloadMaxBytes);
  const refusal = refusalOf(() => encodePayload(new Uint8Array(limits.payloadMaxBytes - 4), 'it'));
  expect(refusal).toMatch(/^PAYLOAD_TOO_LARGE: it has 1048577 bytes, the limit is 1048576/);
});

test('few objects that unfold to 2^60 are refused at once', () => {
  let value: unknown = 1;
  for (let i = 0; i < 60; i++) {
    value = [value, value];
  }
  expect(refusalOf(() => encodePayload(value, 'it'))).toMatch(/^PAYLOAD_TOO_LARGE/);
});

test('an object that is used twice travels twice', () => {
  const shared = { a: 1 };
  expect(pass([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
});

test('a key __proto__ from a peer changes no prototype', () => {
  // { "__proto__": { "polluted": true } }
  const bytes = bytesOf('81 a9 5f5f70726f746f5f5f 81 a8 706f6c6c75746564 c3');
  const value = decodePayload(bytes, 'it');
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(value).not.toHaveProperty('polluted');
  expect({}).not.toHaveProperty('polluted');
});

test('keys named like those of every object become own properties', () => {
  expect(pass(JSON.parse('{"constructor":{"prototype":{"x":1}}}'))).toEqual({
    constructor: { prototype: { x: 1 } },
  });
  expect({}).not.toHaveProperty('x');
});

describe('bytes from a peer that are no payload are refused with PAYLOAD_INVALID', () => {
  test.each([
    ['nothing', ''],
    ['two values', 'c0c0'],
    ['text that declares 4 GiB', 'dbffffffff'],
    ['a map that declares 2^32 - 1 pairs', 'dfffffffff'],
    ['an extension', 'd4 72 40'],
    ['an error as an extension', 'c7 01 65 c0'],
    ['101 lists inside each other', '91'.repeat(100) + '90'],
    ['a timestamp of 5 bytes', 'c7 05 ff 00 00 00 00 00'],
  ])('such as %s', (_name, hex) => {
    expect(refusalOf(() => decodePayload(bytesOf(hex), 'it'))).toMatch(
      /^PAYLOAD_INVALID: it cannot/,
    );
  });

  test('and never with anything else, for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(refusalOf(() => decodePayload(bytes, 'it')) ?? 'PAYLOAD_INVALID').toMatch(
          /^PAYLOAD_INVALID/,
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('and never with anything else, for random values as maps with odd keys', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const refusal = refusalOf(() => pass(value));
        expect(refusal ?? 'PAYLOAD_').toMatch(/^PAYLOAD_/);
      }),
      { numRuns: RUNS },
    );
  });
});
