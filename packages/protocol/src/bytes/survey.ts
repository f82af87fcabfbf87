import { types } from 'node:util';
import { limits } from '../words/limits.ts';

/** The value has more parts than its payload may have bytes. */
export class TooManyValues extends Error {}

/** Whether the codec calls `toJSON`: it does on instances of classes, and not on plain objects. */
const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value &&
  typeof value.toJSON === 'function' &&
  value.constructor !== Object &&
  !types.isDate(value);

/** Whether the codec encodes this built-in object. It would drop the entries of a subclass of Map. */
const isKnown = (value: object): boolean =>
  value instanceof Uint8Array ||
  value instanceof ArrayBuffer ||
  value instanceof Date ||
  value instanceof Set ||
  (value instanceof Map && value.constructor === Map);

/** Whether the contents are outside the object's own properties, which are all that the codec would encode. */
const holdsWhatIsHidden = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isDate(value) ||
  types.isRegExp(value) ||
  types.isNativeError(value) ||
  types.isBoxedPrimitive(value) ||
  types.isPromise(value) ||
  types.isWeakMap(value) ||
  types.isWeakSet(value) ||
  types.isGeneratorObject(value);

/** Containers of the platform, of any realm or copy: a class that extends one hides contents, too. */
const hidingTags: ReadonlySet<string> = new Set([
  'Blob',
  'File',
  'FormData',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'URLSearchParams',
]);

const tagOf = (value: object): string =>
  Object.prototype.toString.call(value).slice('[object '.length, -1);

/** Whether this is an object of no class, of any realm. */
const isBare = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Whether an instance of a class would arrive as `{}`: it keeps all that it has in private. */
const showsNothing = (value: object): boolean => !isBare(value) && Object.keys(value).length === 0;

/** The name of the class for people, as far as it can be told. */
const classOf = (value: object): string => {
  const tag = tagOf(value);
  const { constructor } = value;
  return tag === 'Object' && typeof constructor === 'function' && constructor.name !== ''
    ? constructor.name
    : tag;
};

const bodyAdvice = 'send its contents, such as await its text() or arrayBuffer()';
const entriesAdvice = 'send Object.fromEntries of it, or a list of its entries';
const adviceByTag: Readonly<Record<string, string>> = {
  Blob: bodyAdvice,
  File: bodyAdvice,
  Request: bodyAdvice,
  Response: bodyAdvice,
  FormData: entriesAdvice,
  Headers: entriesAdvice,
  URLSearchParams: 'send its text, String(it)',
};

const advice = (value: object): string => {
  if (ArrayBuffer.isView(value)) {
    return 'send its bytes as a Buffer, or its numbers as a list';
  }
  if (types.isPromise(value)) {
    return 'await it first';
  }
  return adviceByTag[tagOf(value)] ?? 'send its contents as plain data';
};

/** @throws TypeError for an object that the codec would send as another, or as nothing */
const refuseMisread = (value: object): void => {
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new TypeError('an invalid Date cannot travel: it names no time');
  }
  if (isKnown(value) || hasToJson(value)) {
    return;
  }
  if (holdsWhatIsHidden(value) || hidingTags.has(tagOf(value)) || showsNothing(value)) {
    throw new TypeError(`an object of type ${classOf(value)} cannot travel: ${advice(value)}`);
  }
};

/**
 * Refuses an object without a class that would arrive as `{}` although it has keys, such as
 * `Math`, or an object whose only keys are symbols.
 *
 * @throws TypeError
 */
const refuseHiddenFields = (value: object): void => {
  if (Reflect.ownKeys(value).length > 0) {
    const tag = tagOf(value);
    const what = tag === 'Object' ? 'an object' : `an object of type ${tag}`;
    throw new TypeError(`${what} whose fields are all hidden cannot travel: it would arrive as {}`);
  }
};

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** @throws TypeError for an integer that MessagePack does not have */
const refuseVast = (value: bigint): void => {
  if (value < INT64_MIN || value > UINT64_MAX) {
    throw new TypeError('an integer beyond 64 bits cannot travel: send it as text');
  }
};

/** @throws TypeError for text that is not Unicode: it would arrive as other text */
const refuseBrokenText = (text: string): void => {
  if (!text.isWellFormed()) {
    throw new TypeError('text with half of a surrogate pair cannot travel: send it as bytes');
  }
};

const checkKey = (key: unknown): void => {
  if (typeof key !== 'string') {
    throw new TypeError(`a Map with a key of type ${typeof key} cannot travel: keys are text`);
  }
  refuseBrokenText(key);
  if (key === '__proto__') {
    throw new TypeError('a key __proto__ cannot travel: it would be renamed on arrival');
  }
};

const isPlain = (value: object): boolean =>
  Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value);

/**
 * Walks a value before the codec does: the codec drops functions silently, follows
 * cycles, and sends objects that it does not know as others. Each part takes at least
 * one byte, so a count bounds the walk even when a few shared objects unfold to millions.
 */
export class Survey {
  /** The objects from the outermost to the current one; so few that a list is faster than a set. */
  readonly #path: object[] = [];
  #valuesLeft: number;

  constructor(maxValues: number) {
    this.#valuesLeft = maxValues;
  }

  /** @throws TypeError naming the part that cannot travel; TooManyValues */
  walk(value: unknown): void {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) {
      throw new TooManyValues();
    }
    switch (typeof value) {
      case 'string':
        return refuseBrokenText(value);
      case 'bigint':
        return refuseVast(value);
      case 'function':
      case 'symbol':
        throw new TypeError(`a ${typeof value} cannot travel`);
      case 'object':
        return value === null ? undefined : this.#walkInto(value);
      default:
        return undefined;
    }
  }

  #walkInto(value: object): void {
    if (!isPlain(value)) {
      refuseMisread(value);
    }
    if (this.#path.includes(value)) {
      throw new TypeError('it contains itself');
    }
    if (this.#path.length >= limits.payloadMaxDepth) {
      throw new TypeError(`nested deeper than ${limits.payloadMaxDepth} levels`);
    }
    this.#path.push(value);
    this.#walkContents(value);
    this.#path.pop();
  }

  #walkContents(value: object): void {
    if (Array.isArray(value) || value instanceof Set) {
      this.#walkAll(value);
    } else if (value instanceof Map) {
      this.#walkEntries(value.keys(), value.values());
    } else if (!ArrayBuffer.isView(value)) {
      this.#walkFields(value);
    }
  }

  #walkFields(value: object): void {
    const json = hasToJson(value) ? value.toJSON() : value;
    if (json === value) {
      const keys = Object.keys(value);
      if (keys.length === 0) {
        refuseHiddenFields(value);
      }
      this.#walkEntries(keys, Object.values(value));
    } else {
      this.walk(json);
    }
  }

  #walkEntries(keys: Iterable<unknown>, values: Iterable<unknown>): void {
    for (const key of keys) {
      checkKey(key);
    }
    this.#walkAll(values);
  }

  #walkAll(values: Iterable<unknown>): void {
    for (const value of values) {
      this.walk(value);
    }
  }
}
