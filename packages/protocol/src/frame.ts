import { Packr, Unpackr } from 'msgpackr';
import { checkFrame } from './bytes-check.ts';
import { MillraceError, messageOf } from './errors.ts';
import { decodeMessage, encodeMessage, type Message } from './message-table.ts';

/** Plain MessagePack, so that any language can speak it. */
const packr = new Packr({ useRecords: false });
// Other encoders write integers beyond 32 bits as 64-bit integers, which would arrive as bigint.
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });

/** A frame: one list of messages. The bytes belong to the caller. */
export const encodeFrame = (messages: readonly Message[]): Uint8Array =>
  packr.pack(messages.map(encodeMessage));

/**
 * The messages of a frame, checked. Byte fields are views of `frame`.
 *
 * @throws MALFORMED_FRAME, UNKNOWN_VERB or BAD_FIELD, and nothing else
 */
export const decodeFrame = (frame: Uint8Array): Message[] => {
  let lists: unknown;
  try {
    checkFrame(frame);
    lists = unpackr.unpack(frame);
  } catch (error) {
    throw new MillraceError('MALFORMED_FRAME', `not a frame: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!Array.isArray(lists)) {
    throw new MillraceError('MALFORMED_FRAME', 'a frame must be a list of messages');
  }
  return lists.map(decodeMessage);
};

const FIELD_BYTES = 9;

/** An upper estimate of an encoded value's size; cheap, because it counts and does not encode. */
const estimate = (value: unknown): number => {
  if (typeof value === 'string') {
    return 5 + value.length * 3;
  }
  if (value instanceof Uint8Array) {
    return 5 + value.length;
  }
  if (!Array.isArray(value)) {
    return FIELD_BYTES;
  }
  let total = 5;
  for (const element of value) {
    total += estimate(element);
  }
  return total;
};

/** One message, encoded field by field but not yet packed, with its size at most. */
export interface Outgoing {
  readonly list: unknown[];
  readonly atMostBytes: number;
}

export const prepare = (message: Message): Outgoing => {
  const list = encodeMessage(message);
  return { list, atMostBytes: estimate(list) };
};

/** A frame of prepared messages. */
export const packFrame = (messages: readonly Outgoing[]): Uint8Array =>
  packr.pack(messages.map((message) => message.list));
