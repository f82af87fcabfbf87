import { MillraceError } from './errors.ts';
import { limits } from './limits.ts';

/** One position of a message: how it is checked on arrival, and how PROTOCOL.md names its type. */
export interface Field<T> {
  readonly wireType: string;
  /** @throws BAD_FIELD unless `value` is of this type and inside its bounds; `at` names the place */
  decode(value: unknown, at: string): T;
  /** What the codec is given for `value`. */
  encode(value: T): unknown;
}

export type FieldValue<F> = F extends Field<infer T> ? T : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type FieldValues<F extends Fields> = { readonly [K in keyof F]: FieldValue<F[K]> };

const badField = (at: string, expected: string): MillraceError =>
  new MillraceError('BAD_FIELD', `${at} must be ${expected}`);

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number): Field<number> => {
  const wireType = `integer ${min}…${max}`;
  return {
    wireType,
    encode: (value) => value,
    decode(value, at) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        throw badField(at, wireType);
      }
      return value;
    },
  };
};

export const count = integer(0, Number.MAX_SAFE_INTEGER);
export const requestId = integer(1, Number.MAX_SAFE_INTEGER);
export const durationMs = integer(0, limits.delayMaxMs);
/** A finite number, for measured values. */
export const measure: Field<number> = {
  wireType: 'number',
  encode: (value) => value,
  decode(value, at) {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw badField(at, 'a finite number');
    }
    return value;
  },
};

export const flag: Field<boolean> = {
  wireType: 'boolean',
  encode: (value) => value,
  decode(value, at) {
    if (typeof value !== 'boolean') {
      throw badField(at, 'a boolean');
    }
    return value;
  },
};

/** UTF-8 text of at most `maxBytes`. */
export const text = (maxBytes: number): Field<string> => ({
  wireType: `text ≤ ${maxBytes} B`,
  encode: (value) => value,
  decode(value, at) {
    const fits =
      typeof value === 'string' &&
      (value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes);
    if (!fits) {
      throw badField(at, `text of at most ${maxBytes} bytes`);
    }
    return value;
  },
});

/** Text without NUL, which separates names in keys. */
export const nameText = (maxBytes: number): Field<string> => {
  const plain = text(maxBytes);
  return {
    wireType: `name ≤ ${maxBytes} B`,
    encode: (value) => value,
    decode(value, at) {
      const name = plain.decode(value, at);
      if (name.includes('\0')) {
        throw badField(at, 'a name without NUL');
      }
      return name;
    },
  };
};

const printableAscii = /^[\x21-\x7e]+$/;

/** Printable ASCII without spaces, not empty, of at most `maxBytes`: one character is one byte. */
export const identifier = (maxBytes: number): Field<string> => ({
  wireType: `identifier ≤ ${maxBytes} B`,
  encode: (value) => value,
  decode(value, at) {
    if (typeof value !== 'string' || value.length > maxBytes || !printableAscii.test(value)) {
      throw badField(at, `1 to ${maxBytes} printable ASCII characters`);
    }
    return value;
  },
});

/** Opaque bytes. On arrival a view of the frame: copy what outlives the turn. */
export const bytes = (maxBytes: number): Field<Uint8Array> => ({
  wireType: `bytes ≤ ${maxBytes}`,
  encode: (value) => value,
  decode(value, at) {
    if (!(value instanceof Uint8Array) || value.length > maxBytes) {
      throw badField(at, `at most ${maxBytes} bytes`);
    }
    return value;
  },
});

/** Exactly `length` bytes. */
export const fixedBytes = (length: number): Field<Uint8Array> => ({
  wireType: `${length} bytes`,
  encode: (value) => value,
  decode(value, at) {
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw badField(at, `${length} bytes`);
    }
    return value;
  },
});

/** One word of a closed list, sent as its position. */
export const word = <const W extends readonly string[]>(words: W): Field<W[number]> => {
  const positions = new Map<string, number>(words.map((name, position) => [name, position]));
  const wireType = words.map((name, position) => `${position} ${name}`).join(', ');
  return {
    wireType,
    encode: (value) => positions.get(value),
    decode(value, at) {
      const name = typeof value === 'number' ? words[value] : undefined;
      if (name === undefined) {
        throw badField(at, `one of ${wireType}`);
      }
      return name;
    },
  };
};

/** `field`, or nil for `undefined`. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  wireType: `${field.wireType}, or nil`,
  encode: (value) => (value === undefined ? null : field.encode(value)),
  decode: (value, at) =>
    value === null || value === undefined ? undefined : field.decode(value, at),
});

/** `field`, or nil for `null`: where the absence of a bound is itself a choice. */
export const nullable = <T>(field: Field<T>): Field<T | null> => ({
  wireType: `${field.wireType}, or nil`,
  encode: (value) => (value === null ? null : field.encode(value)),
  decode: (value, at) => (value === null ? null : field.decode(value, at)),
});

/** A list of at most `maxItems`. */
export const list = <T>(
  item: Field<T>,
  maxItems: number = limits.listMaxItems,
): Field<readonly T[]> => ({
  wireType: `list of (${item.wireType})`,
  encode: (values) => values.map((value) => item.encode(value)),
  decode(value, at) {
    if (!Array.isArray(value) || value.length > maxItems) {
      throw badField(at, `a list of at most ${maxItems}`);
    }
    return value.map((element: unknown) => item.decode(element, at));
  },
});

/** A group says what it is made of, for PROTOCOL.md. */
export interface Group<F extends Fields> extends Field<FieldValues<F>> {
  readonly fields: F;
}

/** A fixed sequence of named fields, sent as a list in this order. */
export const group = <F extends Fields>(name: string, fields: F): Group<F> => {
  const codec = sequence(name, fields, {});
  return {
    fields,
    wireType: name,
    encode: (value) => codec.encode(value, []),
    decode(value, at) {
      if (!Array.isArray(value)) {
        throw badField(at, `a ${name}`);
      }
      return codec.decode(value, 0);
    },
  };
};

export interface Sequence<T, C> {
  /** Appends the fields of `value` to `target`. */
  encode(value: T, target: unknown[]): unknown[];
  /** Reads the fields of `source` from `start`; extra trailing fields are ignored. */
  decode(source: readonly unknown[], start: number): C & T;
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
  const slots = Object.entries(fields).map(([name, codec]) => ({
    name,
    codec,
    place: `${label}.${name}`,
  }));
  // A copy of it has its final shape from the start; one that grows field by field is much slower.
  const blank: Readonly<Record<string, unknown>> = {
    ...constants,
    ...Object.fromEntries(slots.map(({ name }) => [name, undefined])),
  };
  return {
    encode(value, target) {
      const values: Readonly<Record<string, unknown>> = value;
      for (const { codec, name } of slots) {
        target.push(codec.encode(values[name]));
      }
      return target;
    },
    decode(source, start) {
      const values: Record<string, unknown> = { ...blank };
      let position = start;
      for (const { codec, name, place } of slots) {
        values[name] = codec.decode(source[position] ?? null, place);
        position += 1;
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each field was decoded by its own codec
      return values as C & FieldValues<F>;
    },
  };
};
