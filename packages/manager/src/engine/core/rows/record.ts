import {
  codeOf,
  type Field,
  type Fields,
  type FieldValues,
  MillraceError,
  messageOf,
  PackReader,
  type PackRules,
  PackWriter,
  sequence,
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

/**
 * A field that few records have. A record stores it, under its key, only when its
 * value differs from the default, so that it costs nothing to all others.
 */
export interface Extra<T> {
  /** Never used again for another field. */
  readonly key: number;
  readonly field: Field<T>;
  readonly byDefault: T;
}

export const extra = <T>(key: number, field: Field<T>, byDefault: T): Extra<T> => ({
  key,
  field,
  byDefault,
});

/** The value of an extra, or its default. */
export const extraOf = <T>({ byDefault }: Extra<T>, value: T | undefined): T => value ?? byDefault;

type Extras = Readonly<Record<string, Extra<unknown>>>;
type ExtraValue<E> = E extends Extra<infer T> ? T : never;
/** The extras of one record; absent when all of them have their defaults. */
export type ExtraValues<X extends Extras> =
  | { readonly [K in keyof X]?: ExtraValue<X[K]> }
  | undefined;

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

const writeExtras = (
  writer: PackWriter,
  declared: Extras,
  values: Readonly<Record<string, unknown>>,
): void => {
  const present = Object.entries(declared).filter(
    ([name, { byDefault }]) => values[name] !== undefined && values[name] !== byDefault,
  );
  writer.list(2 * present.length);
  for (const [name, { field, key }] of present) {
    writer.number(key);
    field.write(writer, values[name]);
  }
};

/** @throws STORE_FAILED for an extra that a later millrace wrote */
const readExtras = (
  label: string,
  reader: PackReader,
  declared: Extras,
): Record<string, unknown> => {
  const values: Record<string, unknown> = {};
  for (let left = reader.open(); left > 0; left -= 2) {
    const key = reader.number();
    const [name, found] = Object.entries(declared).find(([, one]) => one.key === key) ?? [];
    if (name === undefined || found === undefined) {
      throw new MillraceError('STORE_FAILED', `a ${label} record has the unknown field ${key}`);
    }
    values[name] = found.field.read(reader, name);
  }
  reader.close();
  return values;
};

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
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was read by the field of its name
      const found = (
        length > list.length ? readExtras(label, reader, extras) : undefined
      ) as ExtraValues<X>;
      return found === undefined ? values : { ...values, extras: found };
    },
  };
};
