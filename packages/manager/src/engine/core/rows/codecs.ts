import { type Field, MillraceError, type PackReader, type TaskError } from '@millrace/protocol';

/** A field whose value an older record lacks, and what it then is. */
const field = <T>(
  write: Field<T>['write'],
  read: (reader: PackReader) => T,
  missing: () => T,
): Field<T> => ({ wireType: '', write, read: (reader) => read(reader), missing: () => missing() });

const absent = (): never => {
  throw new MillraceError('STORE_FAILED', 'a record of the store lacks a field');
};

const readText = (reader: PackReader): string => reader.text(Number.POSITIVE_INFINITY) ?? absent();

/** A field that every record has. */
const required = <T>(write: Field<T>['write'], read: (reader: PackReader) => T): Field<T> =>
  field(write, read, absent);

export const number = required<number>(
  (writer, value) => writer.number(value),
  (reader) => reader.number(),
);

/** A number that records of an earlier layout may lack. */
export const numberOr = (byDefault: number): Field<number> => ({
  ...number,
  missing: () => byDefault,
});

export const flag = required<boolean>(
  (writer, value) => writer.boolean(value),
  (reader) => reader.boolean() ?? false,
);

/** A flag that records of an earlier layout may lack. */
export const flagOr = (byDefault: boolean): Field<boolean> => ({
  ...flag,
  missing: () => byDefault,
});

export const text = required<string>((writer, value) => writer.text(value), readText);

/** One word of a closed list, stored as its position. Words are only ever added at the end. */
export const word = <const W extends readonly string[]>(words: W): Field<W[number]> =>
  required<W[number]>(
    (writer, value) => writer.number(words.indexOf(value)),
    (reader) => words[reader.number()] ?? absent(),
  );

/** A field that may be nil, which stands for `nothing`. */
const orNil = <T, N>(some: Field<T>, nothing: N): Field<T | N> =>
  field<T | N>(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is not `nothing` is a T
    (writer, value) => (value === nothing ? writer.nil() : some.write(writer, value as T)),
    (reader) => (reader.nil() ? nothing : some.read(reader, '')),
    () => nothing,
  );

/** A field that may be absent. */
export const optional = <T>(some: Field<T>): Field<T | undefined> => orNil(some, undefined);

/** A field in which absence is itself a choice. */
export const nullable = <T>(some: Field<T>): Field<T | null> => orNil(some, null);

/** Bytes: read as a view of the record. */
export const bytes = required<Uint8Array>(
  (writer, value) => writer.bytes(value),
  (reader) => reader.bytes() ?? absent(),
);

/** Bytes that outlive the record they are read from: read as a copy. */
export const ownBytes: Field<Uint8Array> = {
  ...bytes,
  read: (reader, at) => Buffer.from(bytes.read(reader, at)),
};

/** Details are written only if there are some. */
const ERROR_FIELDS = 4;

export const taskError = required<TaskError>(
  (writer, error) => {
    writer.list(error.details === undefined ? ERROR_FIELDS : ERROR_FIELDS + 1);
    writer.text(error.name);
    writer.text(error.message);
    writer.text(error.stack);
    writer.boolean(error.retry);
    if (error.details !== undefined) {
      writer.bytes(error.details);
    }
  },
  (reader) => {
    const length = reader.open();
    const error = {
      name: readText(reader),
      message: readText(reader),
      stack: readText(reader),
      retry: reader.boolean() ?? false,
      ...(length > ERROR_FIELDS ? { details: ownBytes.read(reader, '') } : {}),
    };
    reader.close();
    return error;
  },
);
