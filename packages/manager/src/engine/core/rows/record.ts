import {
  codeOf,
  type Extras,
  type ExtraValues,
  type Fields,
  type FieldValues,
  MillraceError,
  messageOf,
  PackReader,
  type PackRules,
  PackWriter,
  readExtras,
  sequence,
  writeExtras,
} from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';

/** Records of this store may have any length. */
const rules: PackRules = {
  maxDepth: 4,
  maxItems: Number.MAX_SAFE_INTEGER,
  maps: false,
  timestamps: false,
};

let piece = new PackWriter(tuning.recordPieceBytes);

/** The bytes that `write` writes, as a record of the store. */
export const writeRecord = (write: (writer: PackWriter) => void): Uint8Array => {
  if (piece.length > tuning.recordPieceBytes - tuning.recordBytes) {
    piece = new PackWriter(tuning.recordPieceBytes);
  }
  const start = piece.length;
  write(piece);
  return piece.view(start);
};

/**
 * Reads a record of the store, which is a MessagePack list; `read` is given its length.
 *
 * @throws STORE_FAILED when the bytes are no such record: the store is damaged, and not the manager
 */
export const readRecord = <T>(
  record: Uint8Array,
  read: (reader: PackReader, length: number) => T,
): T => {
  try {
    const reader = new PackReader(record, rules);
    return read(reader, reader.open());
  } catch (error) {
    if (codeOf(error) === 'STORE_FAILED') {
      throw error;
    }
    throw new MillraceError(
      'STORE_FAILED',
      `a record of the store cannot be read: ${messageOf(error)}; millrace store check shows which`,
      { cause: error },
    );
  }
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

/** The values of one record. */
export type Values<F extends Fields, X extends Extras> = FieldValues<F> & {
  readonly extras: ExtraValues<X>;
};

/** How one kind of record is written and read. */
export interface RecordKind<F extends Fields, X extends Extras> {
  /** Number of fields that every record of this kind has. */
  readonly length: number;
  /** Writes the fields, and behind them the extras if there are any. */
  write(writer: PackWriter, values: Values<F, X>): void;
  /** Reads what `write` wrote; `length` values are left in the list. */
  read(reader: PackReader, length: number): FieldValues<F> & { extras: ExtraValues<X> };
}

/**
 * Declares a kind of record. Each field says how it is stored, and what stands for it in
 * a record of an earlier layout; a new field goes behind the others. A field that most
 * records would leave at its default belongs in `extras`.
 *
 * @param label names the record in errors
 */
export const recordKind = <F extends Fields, X extends Extras>(
  label: string,
  fields: F,
  extras: X,
): RecordKind<F, X> => {
  const list = sequence(label, fields, { extras: undefined });
  return {
    length: list.length,
    write(writer, values) {
      list.write(writer, values);
      if (values.extras !== undefined) {
        writeExtras(writer, extras, values.extras);
      }
    },
    read(reader, length) {
      const values = list.read(reader, Math.min(length, list.length));
      if (length <= list.length) {
        return values;
      }
      const found = readExtras(reader, reader.open(), extras, label, (key) => {
        throw new MillraceError('STORE_FAILED', `a ${label} record has the unknown field ${key}`);
      });
      return { ...values, extras: found };
    },
  };
};
