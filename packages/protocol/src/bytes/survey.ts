import { types } from 'node:util';
import { limits } from '../words/limits.ts';

/** More values than the payload may have bytes. */
export class TooManyValues extends Error {}

/** The codec asks instances of classes for their `toJSON`, and plain objects not. */
const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value &&
  typeof value.toJSON === 'function' &&
  value.constructor !== Object &&
  !(value instanceof Date);

/** Built-in objects that the codec knows. Of a class that extends Map it sees no entries. */
const isKnown = (value: object): boolean =>
  value instanceof Uint8Array ||
  value instanceof ArrayBuffer ||
  value instanceof Date ||
  value instanceof Set ||
  (value instanceof Map && value.constructor === Map);

/** What they hold is not in their own properties, which are all that the codec would take. */
const holdsWhatIsHidden = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isRegExp(value) ||
  types.isNativeError(value) ||
  types.isBoxedPrimitive(value) ||
  types.isPromise(value) ||
  types.isWeakMap(value) ||
  types.isWeakSet(value) ||
  types.isGeneratorObject(value);

const advice = (value: object): string => {
  if (ArrayBuffer.isView(value)) {
    return 'send its bytes as a Buffer, or its numbers as a list';
  }
  if (types.isPromise(value)) {
    return 'await it first';
  }
  return 'send what it holds as plain data';
};

/** @throws TypeError for an object that the codec would send as another, or as nothing */
const refuseMisread = (value: object): void => {
  if (!isKnown(value) && !hasToJson(value) && holdsWhatIsHidden(value)) {
    const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
    throw new TypeError(`an object of type ${name} cannot travel: ${advice(value)}`);
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

const isPlain = (value: object): boolean => value.constructor === Object || Array.isArray(value);

/**
 * Walks a value before the codec does, because the codec drops functions in
 * silence, follows cycles, and sends what it does not know as something else.
 * Each value takes a byte at least, so that a count bounds the walk also where a
 * few objects that share others unfold to millions.
 */
export class Survey {
  /** From the outermost object to where the walk is: few, so that a list is faster than a set. */
  readonly #path: object[] = [];
  #valuesLeft: number;

  constructor(maxValues: number) {
    this.#valuesLeft = maxValues;
  }

  /** @throws TypeError naming what cannot travel; TooManyValues */
  walk(value: unknown): void {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) {
      throw new TooManyValues();
    }
    switch (typeof value) {
      case 'string':
        return refuseBrokenText(value);
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
      this.#walkEntries(Object.keys(value), Object.values(value));
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
