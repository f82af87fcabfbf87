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
 * @throws PAYLOAD_INVALID, naming the part that cannot travel: a function, a symbol, a
 *   cycle, an integer beyond 64 bits, an object that would arrive as another, or a value
 *   that decoding would refuse
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
    // A copy, because a view would keep the codec's large buffer alive.
    bytes = Buffer.from(packr.pack(value));
    // Refuse here, where the caller can correct it, what the receiver would refuse.
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
 * Decodes a payload of a peer. Depth, declared lengths and types are checked before
 * anything is allocated.
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
