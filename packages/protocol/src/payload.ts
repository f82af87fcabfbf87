import { Packr, Unpackr } from 'msgpackr';
import { checkPayload } from './bytes-check.ts';
import { MillraceError, messageOf } from './errors.ts';
import { limits } from './limits.ts';

/**
 * User values as bytes: plain MessagePack (no records, no classes, no shared
 * structures), so that a worker in any language can read them.
 */
const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

const refuseCode = (value: unknown, depth: number): void => {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`a ${typeof value} cannot travel`);
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    return;
  }
  if (depth === 0) {
    throw new TypeError(`nested deeper than ${limits.payloadMaxDepth} levels, or cyclic`);
  }
  const nested = value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value);
  for (const inner of nested) {
    refuseCode(inner, depth - 1);
  }
};

/**
 * Encodes a value of the user.
 *
 * @param what names the value in the error, such as `payload of task 'image.resize'`
 * @throws PAYLOAD_INVALID for functions, symbols, cycles, and integers beyond 64 bits
 * @throws PAYLOAD_TOO_LARGE beyond `maxBytes`
 */
export const encodePayload = (
  value: unknown,
  what: string,
  maxBytes: number = limits.payloadMaxBytes,
): Uint8Array => {
  let bytes: Uint8Array;
  try {
    refuseCode(value, limits.payloadMaxDepth);
    bytes = Uint8Array.prototype.slice.call(packr.pack(value));
  } catch (error) {
    throw new MillraceError('PAYLOAD_INVALID', `${what} cannot be encoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (bytes.length > maxBytes) {
    throw new MillraceError(
      'PAYLOAD_TOO_LARGE',
      `${what} has ${bytes.length} bytes, the limit is ${maxBytes}: store it elsewhere and send a reference`,
    );
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
