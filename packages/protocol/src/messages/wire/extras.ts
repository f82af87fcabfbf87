import type { PackReader } from '../../bytes/pack-reader.ts';
import type { PackWriter } from '../../bytes/pack-writer.ts';
import { MillraceError } from '../../words/errors.ts';
import type { Field } from './field.ts';

/**
 * A field that few records have. Its key and value are written only where the value differs from
 * the default, so other records have no byte of it.
 */
export interface Extra<T> {
  /** Identifies the field on the wire and in the store; never used again for another field. */
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

export type Extras = Readonly<Record<string, Extra<unknown>>>;
type ExtraValue<E> = E extends Extra<infer T> ? T : never;
/** The values of extras; undefined when each of them has its default. */
export type ExtraValues<X extends Extras> =
  | { readonly [K in keyof X]?: ExtraValue<X[K]> }
  | undefined;

/** Writes a list of keys and values. */
export const writeExtras = (
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

/**
 * Reads the rest of a list whose head was read.
 *
 * @param length of the list
 * @param unknown throws for a key that is not declared: a later millrace wrote it
 */
export const readExtras = <X extends Extras>(
  reader: PackReader,
  length: number,
  declared: X,
  at: string,
  unknown: (key: number) => never,
): NonNullable<ExtraValues<X>> => {
  const values: Record<string, unknown> = {};
  for (let left = length; left > 0; left -= 2) {
    const key = reader.number();
    const [name, found] = Object.entries(declared).find(([, one]) => one.key === key) ?? [];
    if (name === undefined || found === undefined) {
      return unknown(key);
    }
    values[name] = found.field.read(reader, `${at}.${name}`);
  }
  reader.close();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was read by the field of its name
  return values as NonNullable<ExtraValues<X>>;
};

/** A field of extras. The test of PROTOCOL.md compares the extras with the document. */
export interface ExtrasField<X extends Extras> extends Field<ExtraValues<X>> {
  readonly extras: X;
  readonly isOmissible: true;
}

/**
 * Extras in a message; nil where all of them have their defaults.
 *
 * @param wrongIn says what is wrong with values of which each is right; undefined if nothing is
 */
export const extrasField = <X extends Extras>(
  name: string,
  extras: X,
  wrongIn: (values: NonNullable<ExtraValues<X>>) => string | undefined = () => undefined,
): ExtrasField<X> => ({
  wireType: `${name}, or left out`,
  isOmissible: true,
  extras,
  missing: () => undefined,
  write: (writer, values) =>
    values === undefined ? writer.nil() : writeExtras(writer, extras, values),
  read(reader, at) {
    if (reader.nil()) {
      return undefined;
    }
    const length = reader.open();
    if (length < 0 || length % 2 !== 0) {
      throw new MillraceError('BAD_FIELD', `${at} must be a list of keys and values`);
    }
    const values = readExtras(reader, length, extras, at, (key) => {
      throw new MillraceError('BAD_FIELD', `${at} has the unknown option ${key}`);
    });
    const wrong = wrongIn(values);
    if (wrong !== undefined) {
      throw new MillraceError('BAD_FIELD', `${at} ${wrong}`);
    }
    return values;
  },
});
