import { MillraceError } from './errors.ts';
import { limits } from './limits.ts';
import type { PackReader } from './pack-reader.ts';
import type { PackWriter } from './pack-writer.ts';

/** One position of a message: how it is written, how it is checked on arrival, and how PROTOCOL.md names its type. */
export interface Field<T> {
  readonly wireType: string;
  write(writer: PackWriter, value: T): void;
  /** @throws BAD_FIELD unless the next value is of this type and inside its bounds; `at` names the place */
  read(reader: PackReader, at: string): T;
  /**
   * What stands for a field that an older peer did not send.
   *
   * @throws BAD_FIELD if it must be there
   */
  missing(at: string): T;
}

export type FieldValue<F> = F extends Field<infer T> ? T : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type FieldValues<F extends Fields> = { readonly [K in keyof F]: FieldValue<F[K]> };

const badField = (at: string, expected: string): MillraceError =>
  new MillraceError('BAD_FIELD', `${at} must be ${expected}`);

/** A field that must be there. */
const required = <T>(field: Omit<Field<T>, 'missing'>): Field<T> => ({
  ...field,
  missing(at) {
    throw badField(at, field.wireType);
  },
});

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number): Field<number> => {
  const wireType = `integer ${min}…${max}`;
  return required({
    wireType,
    write: (writer, value) => writer.number(value),
    read(reader, at) {
      const value = reader.number();
      if (!Number.isInteger(value) || value < min || value > max) {
        throw badField(at, wireType);
      }
      return value;
    },
  });
};

export const count = integer(0, Number.MAX_SAFE_INTEGER);
export const requestId = integer(1, Number.MAX_SAFE_INTEGER);
export const durationMs = integer(0, limits.delayMaxMs);
/** A finite number, for measured values. */
export const measure: Field<number> = required({
  wireType: 'number',
  write: (writer, value) => writer.number(value),
  read(reader, at) {
    const value = reader.number();
    if (!Number.isFinite(value)) {
      throw badField(at, 'a finite number');
    }
    return value;
  },
});

export const flag: Field<boolean> = required({
  wireType: 'boolean',
  write: (writer, value) => writer.boolean(value),
  read(reader, at) {
    const value = reader.boolean();
    if (value === undefined) {
      throw badField(at, 'a boolean');
    }
    return value;
  },
});

/** UTF-8 text of at most `maxBytes`. */
export const text = (maxBytes: number): Field<string> =>
  required({
    wireType: `text ≤ ${maxBytes} B`,
    write: (writer, value) => writer.text(value),
    read(reader, at) {
      const value = reader.text(maxBytes);
      if (value === undefined) {
        throw badField(at, `text of at most ${maxBytes} bytes`);
      }
      return value;
    },
  });

const isAscii = (name: string): boolean => Buffer.byteLength(name) === name.length;

/** Text without NUL, which separates names in keys. */
export const nameText = (maxBytes: number): Field<string> => {
  const plain = text(maxBytes);
  // Names repeat from task to task: nearly always it is the one before, and needs no new string.
  let last = '';
  return required({
    wireType: `name ≤ ${maxBytes} B`,
    write: (writer, value) => writer.text(value),
    read(reader, at) {
      if (reader.isText(last)) {
        return last;
      }
      const name = plain.read(reader, at);
      if (name.includes('\0')) {
        throw badField(at, 'a name without NUL');
      }
      last = isAscii(name) ? name : '';
      return name;
    },
  });
};

/** Printable ASCII without spaces, not empty, of at most `maxBytes`: one character is one byte. */
export const identifier = (maxBytes: number): Field<string> =>
  required({
    wireType: `identifier ≤ ${maxBytes} B`,
    write: (writer, value) => writer.text(value),
    read(reader, at) {
      const value = reader.identifier(maxBytes);
      if (value === undefined) {
        throw badField(at, `1 to ${maxBytes} printable ASCII characters`);
      }
      return value;
    },
  });

/** Opaque bytes. On arrival a view of the frame: copy what outlives the turn. */
export const bytes = (maxBytes: number): Field<Uint8Array> =>
  required({
    wireType: `bytes ≤ ${maxBytes}`,
    write: (writer, value) => writer.bytes(value),
    read(reader, at) {
      const value = reader.bytes();
      if (value === undefined || value.length > maxBytes) {
        throw badField(at, `at most ${maxBytes} bytes`);
      }
      return value;
    },
  });

/** Exactly `length` bytes. */
export const fixedBytes = (length: number): Field<Uint8Array> =>
  required({
    wireType: `${length} bytes`,
    write: (writer, value) => writer.bytes(value),
    read(reader, at) {
      const value = reader.bytes();
      if (value?.length !== length) {
        throw badField(at, `${length} bytes`);
      }
      return value;
    },
  });

/** One word of a closed list, sent as its position. */
export const word = <const W extends readonly string[]>(words: W): Field<W[number]> => {
  const positions = new Map<string, number>(words.map((name, position) => [name, position]));
  const wireType = words.map((name, position) => `${position} ${name}`).join(', ');
  return required({
    wireType,
    write(writer, value) {
      const position = positions.get(value);
      if (position === undefined) {
        throw new MillraceError('INTERNAL', `'${value}' is none of ${wireType}`);
      }
      writer.number(position);
    },
    read(reader, at) {
      const name = words[reader.number()];
      if (name === undefined) {
        throw badField(at, `one of ${wireType}`);
      }
      return name;
    },
  });
};

/** `field`, or nil for `undefined`. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  wireType: `${field.wireType}, or nil`,
  write: (writer, value) => (value === undefined ? writer.nil() : field.write(writer, value)),
  read: (reader, at) => (reader.nil() ? undefined : field.read(reader, at)),
  missing: () => undefined,
});

/** `field`, or nil for `null`: where the absence of a bound is itself a choice. */
export const nullable = <T>(field: Field<T>): Field<T | null> => ({
  wireType: `${field.wireType}, or nil`,
  write: (writer, value) => (value === null ? writer.nil() : field.write(writer, value)),
  read: (reader, at) => (reader.nil() ? null : field.read(reader, at)),
  missing: () => null,
});

/** A list of at most `maxItems`. */
export const list = <T>(
  item: Field<T>,
  maxItems: number = limits.listMaxItems,
): Field<readonly T[]> =>
  required({
    wireType: `list of (${item.wireType})`,
    write(writer, values) {
      writer.list(values.length);
      for (const value of values) {
        item.write(writer, value);
      }
    },
    read(reader, at) {
      const length = reader.open();
      if (length < 0 || length > maxItems) {
        throw badField(at, `a list of at most ${maxItems}`);
      }
      const values: T[] = [];
      for (let i = 0; i < length; i++) {
        values.push(item.read(reader, at));
      }
      reader.close();
      return values;
    },
  });

/** A group says what it is made of, for PROTOCOL.md. */
export interface Group<F extends Fields> extends Field<FieldValues<F>> {
  readonly fields: F;
}

/** A fixed sequence of named fields, sent as a list in this order. */
export const group = <F extends Fields>(name: string, fields: F): Group<F> => {
  const codec = sequence(name, fields, {});
  const field = required<FieldValues<F>>({
    wireType: name,
    write(writer, value) {
      writer.list(codec.length);
      codec.write(writer, value);
    },
    read(reader, at) {
      const length = reader.open();
      if (length < 0) {
        throw badField(at, `a ${name}`);
      }
      const value = codec.read(reader, length);
      reader.close();
      return value;
    },
  });
  return { ...field, fields };
};

export interface Sequence<T, C> {
  /** The number of its fields. */
  readonly length: number;
  write(writer: PackWriter, value: T): void;
  /** Reads `length` values; those behind the last field are ignored. */
  read(reader: PackReader, length: number): C & T;
}

/**
 * Named fields as consecutive positions. Fields may be added at the end in a
 * later version: a decoder ignores what it does not know, and reads nil for
 * what an older peer did not send.
 *
 * @param label names the sequence in errors, which say `label.field`
 * @param constants that every decoded value has beside its fields
 */
export const sequence = <F extends Fields, C extends object>(
  label: string,
  fields: F,
  constants: C,
): Sequence<FieldValues<F>, C> => {
  const slots = Object.entries(fields).map(([name, field]) => ({
    name,
    field,
    place: `${label}.${name}`,
  }));
  // A copy of it has its final shape from the start; one that grows field by field is much slower.
  const blank: Readonly<Record<string, unknown>> = {
    ...constants,
    ...Object.fromEntries(slots.map(({ name }) => [name, undefined])),
  };
  return {
    length: slots.length,
    write(writer, value) {
      const values: Readonly<Record<string, unknown>> = value;
      for (const { field, name } of slots) {
        field.write(writer, values[name]);
      }
    },
    read(reader, length) {
      const values: Record<string, unknown> = { ...blank };
      let left = length;
      for (const { field, name, place } of slots) {
        values[name] = left > 0 ? field.read(reader, place) : field.missing(place);
        left -= 1;
      }
      for (; left > 0; left--) {
        reader.skip();
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each field was read by its own codec
      return values as C & FieldValues<F>;
    },
  };
};
