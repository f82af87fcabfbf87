import { PackReader, type PackRules, PackWriter } from '@millrace/protocol';

/** Records are written into pieces of memory of this size, one behind the other. */
const PIECE_BYTES = 8 * 1_024;
/** Most records are smaller; a larger one moves the piece. */
const RECORD_BYTES = 512;

/** What this store wrote may be as long as it is. */
const rules: PackRules = {
  maxDepth: 3,
  maxItems: Number.MAX_SAFE_INTEGER,
  maps: false,
  timestamps: false,
};

let piece = new PackWriter(PIECE_BYTES);

/** A record of the store: what `write` writes. */
export const writeRecord = (write: (writer: PackWriter) => void): Uint8Array => {
  if (piece.length > PIECE_BYTES - RECORD_BYTES) {
    piece = new PackWriter(PIECE_BYTES);
  }
  const start = piece.length;
  write(piece);
  return piece.view(start);
};

/** Reads a record of the store: a MessagePack list, which `read` takes apart. */
export const readRecord = <T>(
  record: Uint8Array,
  read: (reader: PackReader, length: number) => T,
): T => {
  const reader = new PackReader(record, rules);
  return read(reader, reader.open());
};

/** A record that lists values of one kind. */
export const writeList = <T>(
  values: readonly T[],
  write: (writer: PackWriter, value: T) => void,
): Uint8Array =>
  writeRecord((writer) => {
    writer.list(values.length);
    for (const value of values) {
      write(writer, value);
    }
  });

export const readList = <T>(record: Uint8Array, read: (reader: PackReader) => T): readonly T[] =>
  readRecord(record, (reader, length) => Array.from({ length }, () => read(reader)));

/** What is a text because this store wrote it. */
export const readText = (reader: PackReader): string => reader.text(Number.POSITIVE_INFINITY) ?? '';
