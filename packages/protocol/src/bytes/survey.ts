import { types } from 'node:util';
import { limits } from '../words/limits.ts';

/** The value has more parts than its payload may have bytes. */
export class TooManyValues extends Error {}

/** Whether the codec calls `toJSON`: it does on instances of classes, and not on plain objects. */
const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value &&
  typeof value.toJSON === 'function' &&
  value.constructor !== Object &&
  !(value instanceof Date);

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
  return 'send its contents as plain data';
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
