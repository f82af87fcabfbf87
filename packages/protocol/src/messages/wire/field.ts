import type { PackReader } from '../../bytes/pack-reader.ts';
import type { PackWriter } from '../../bytes/pack-writer.ts';

/** One position of a message: how it is written, how it is checked on arrival, and how PROTOCOL.md names its type. */
export interface Field<T> {
  readonly wireType: string;
  write(writer: PackWriter, value: T): void;
  /** @throws BAD_FIELD unless the next value is of this type and inside its bounds; `at` names the place */
  read(reader: PackReader, at: string): T;
  /**
   * The value of a field that an older peer did not send.
   *
   * @throws BAD_FIELD if the field is required
   */
  missing(at: string): T;
  /** Whether an absent value is left out if no later field of the list has a value. */
  readonly isOmissible?: true;
}

export type FieldValue<F> = F extends Field<infer T> ? T : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A field whose absent value is left out at the end of a list. */
export type OmissibleField<T> = Field<T | undefined> & { readonly isOmissible: true };

type OmissibleKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly isOmissible: true } ? K : never;
}[keyof F];

export type FieldValues<F extends Fields> = {
  readonly [K in Exclude<keyof F, OmissibleKeys<F>>]: FieldValue<F[K]>;
} & { readonly [K in OmissibleKeys<F>]?: FieldValue<F[K]> };
