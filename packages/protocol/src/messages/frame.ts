import { PackReader } from '../bytes/pack-reader.ts';
import { PackWriter } from '../bytes/pack-writer.ts';
import { codeOf, MillraceError, messageOf } from '../words/errors.ts';
import { type Message, readMessage, writeMessage } from './message-table.ts';

/** Encodes a frame, which is one list of messages. The bytes belong to the caller. */
export const encodeFrame = (messages: readonly Message[]): Uint8Array => {
  const writer = new PackWriter();
  writer.list(messages.length);
  for (const message of messages) {
    writeMessage(writer, message);
  }
  return writer.view();
};

const readFrame = (frame: Uint8Array): Message[] => {
  const reader = new PackReader(frame);
  const length = reader.open();
  if (length < 0) {
    throw new MillraceError('MALFORMED_FRAME', 'a frame must be a list of messages');
  }
  const messages: Message[] = [];
  for (let i = 0; i < length; i++) {
    messages.push(readMessage(reader));
  }
  reader.requireEnd();
  return messages;
};

/**
 * Decodes and checks a frame. Byte fields of its messages are views of `frame`.
 *
 * @throws MALFORMED_FRAME, UNKNOWN_VERB or BAD_FIELD, and nothing else
 */
export const decodeFrame = (frame: Uint8Array): Message[] => {
  try {
    return readFrame(frame);
  } catch (error) {
    if (codeOf(error) !== undefined) {
      throw error;
    }
    throw new MillraceError('MALFORMED_FRAME', `not a frame: ${messageOf(error)}`, {
      cause: error,
    });
  }
};
