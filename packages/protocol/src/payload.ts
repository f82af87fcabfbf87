import { Packr, Unpackr } from 'msgpackr';
import { MillraceError, messageOf } from './errors.ts';
import { limits } from './limits.ts';
import { checkPayload } from './pack-reader.ts';

/**
 * User values as bytes: plain MessagePack (no records, no classes, no shared
 * structures), so that a worker in any language can read them.
 */
const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

/** The codec asks instances of classes for their `toJSON`, and plain objects not. */
const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value &&
  typeof value.toJSON === 'function' &&
  value.constructor !== Object &&
  !(value instanceof Date);

const contentsOf = (value: object): readonly unknown[] => {
  if (hasToJson(value)) {
    const json = value.toJSON();
    return json === value ? Object.values(value) : [json];
  }
  if (value instanceof Map) {
    return [...value.keys(), ...value.values()];
  }
  return value instanceof Set ? [...value] : Object.values(value);
};

/**
 * Walks a value before the codec does, because the codec drops functions in
 * silence and follows cycles. Each value takes a byte at least, so that a count
 * bounds the walk also where a few objects that share others unfold to millions.
 */
class Survey {
  /** From the outermost object to where the walk is: few, so that a list is faster than a set. */
  readonly #path: object[] = [];
  #valuesLeft: number;

  constructor(maxValues: number) {
    this.#valuesLeft = maxValues;
  }

  walk(value: unknown): void {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) {
      throw new TooLarge('it holds more values than it may have bytes');
    }
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`a ${typeof value} cannot travel`);
    }
    if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      this.#walkInto(value);
    }
  }

  #walkInto(value: object): void {
    if (this.#path.includes(value)) {
      throw new TypeError('it contains itself');
    }
    if (this.#path.length >= limits.payloadMaxDepth) {
      throw new TypeError(`nested deeper than ${limits.payloadMaxDepth} levels`);
    }
    this.#path.push(value);
    for (const inner of contentsOf(value)) {
      this.walk(inner);
    }
    this.#path.pop();
  }
}

class TooLarge extends Error {}

const tooLarge = (what: string, size: string, maxBytes: number): MillraceError =>
  new MillraceError(
    'PAYLOAD_TOO_LARGE',
    `${what} ${size}, the limit is ${maxBytes}: store it elsewhere and send a reference`,
  );

/**
 * Encodes a value of the user.
 *
 * @param what names the value in the error, such as `payload of task 'image.resize'`
 * @throws PAYLOAD_INVALID for functions, symbols, cycles, integers beyond 64 bits, and what decoding would refuse
 * @throws PAYLOAD_TOO_LARGE beyond `maxBytes`
 */
export const encodePayload = (
  value: unknown,
  what: string,
  maxBytes: number = limits.payloadMaxBytes,
): Uint8Array => {
  let bytes: Uint8Array;
  try {
    new Survey(maxBytes).walk(value);
    // A copy, in Node's pool when it is small: the codec's buffer is large and would be kept alive.
    bytes = Buffer.from(packr.pack(value));
    // What the receiver would refuse is refused here, where the caller can mend it.
    checkPayload(bytes);
  } catch (error) {
    if (error instanceof TooLarge) {
      throw tooLarge(what, `has more than ${maxBytes} bytes`, maxBytes);
    }
    throw new MillraceError('PAYLOAD_INVALID', `${what} cannot be encoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (bytes.length > maxBytes) {
    throw tooLarge(what, `has ${bytes.length} bytes`, maxBytes);
  }
  return bytes;
};

/**
 * Decodes what a peer encoded, after its structure was checked: depth, declared
 * lengths and types are verified before anything is allocated.
 *
 * @throws PAYLOAD_INVALID
 */
export const decodePayload = (bytes: Uint8Array, what: string): unknown => {
  try {
    checkPayload(bytes);
    return unpackr.unpack(bytes);
  } catch (error) {
    throw new MillraceError('PAYLOAD_INVALID', `${what} cannot be decoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
};
