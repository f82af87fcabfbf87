import { MillraceError } from '../../words/errors.ts';
import { limits } from '../../words/limits.ts';
import type { Field, Fields, FieldValues, OmissibleField } from './field.ts';
import { sequence } from './sequence.ts';

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

/** A number from `min` to `max`, whole or not. */
export const measureFrom = (min: number, max: number): Field<number> => {
  const wireType = `number ${min}…${max}`;
  return required({
    wireType,
    write: (writer, value) => writer.number(value),
    read(reader, at) {
      const value = reader.number();
      if (!(value >= min && value <= max)) {
        throw badField(at, wireType);
      }
      return value;
    },
  });
};

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
        throw badField(at, `text of at most ${maxBytes} bytes, in UTF-8`);
      }
      return value;
    },
  });

const isAscii = (name: string): boolean => Buffer.byteLength(name) === name.length;

/** Text without NUL, which separates names in keys. */
export const nameText = (maxBytes: number): Field<string> => {
  const plain = text(maxBytes);
  // Names repeat from task to task, so the last one usually saves a new string.
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

/** A text that is not empty. */
export const filled = (field: Field<string>): Field<string> => ({
  ...field,
  read(reader, at) {
    const value = field.read(reader, at);
    if (value === '') {
      throw badField(at, 'a text that is not empty');
    }
    return value;
  },
});

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

/** Opaque bytes. A received value is a view of its frame: copy it to keep it beyond the turn. */
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

/** Like `optional`, but an absent value at the end of a list is left out, so that it costs no byte. */
export const omissible = <T>(field: Field<T>): OmissibleField<T> => ({
  ...optional(field),
  wireType: `${field.wireType}, or left out`,
  isOmissible: true,
});

/** `field`, or nil for `null`: for a bound that can be switched off. */
export const nullable = <T>(field: Field<T>): Field<T | null> => ({
  wireType: `${field.wireType}, or nil`,
  write: (writer, value) => (value === null ? writer.nil() : field.write(writer, value)),
  read: (reader, at) => (reader.nil() ? null : field.read(reader, at)),
  missing: () => null,
});

/** A list of `minItems` to `maxItems`. */
export const list = <T>(
  item: Field<T>,
  maxItems: number = limits.listMaxItems,
  minItems = 0,
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
      if (length < minItems || length > maxItems) {
        throw badField(at, `a list of ${minItems} to ${maxItems}`);
      }
      // Most lists have one value; a push to an empty array would allocate seventeen places.
      const values = length === 0 ? [] : [item.read(reader, at)];
      for (let i = 1; i < length; i++) {
        values.push(item.read(reader, at));
      }
      reader.close();
      return values;
    },
  });

/** A field of several fields, which the test of PROTOCOL.md compares. */
export interface Group<F extends Fields> extends Field<FieldValues<F>> {
  readonly fields: F;
}

/** A fixed sequence of named fields, sent as a list in this order. */
export const group = <F extends Fields>(name: string, fields: F): Group<F> => {
  const codec = sequence(name, fields, {});
  const field = required<FieldValues<F>>({
    wireType: name,
    write(writer, value) {
      writer.list(codec.lengthOf(value));
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
