import { Packr, Unpackr } from 'msgpackr';
import { MillraceError, messageOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { checkPayload } from './pack-reader.ts';
import { Survey, TooManyValues } from './survey.ts';

/**
 * User values as bytes: plain MessagePack (no records, no classes, no shared
 * structures), so that a worker in any language can read them.
 */
const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

const tooLarge = (what: string, size: string, maxBytes: number): MillraceError =>
  new MillraceError(
    'PAYLOAD_TOO_LARGE',
    `${what} ${size}, the limit is ${maxBytes}: store it elsewhere and send a reference`,
  );

/**
 * Encodes a value of the user.
 *
 * @param what names the value in the error, such as `payload of task 'image.resize'`
 * @throws PAYLOAD_INVALID for what cannot travel, which it names: functions, symbols, cycles, integers
 *   beyond 64 bits, objects that would arrive as something else, and what decoding would refuse
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
    if (error instanceof TooManyValues) {
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
