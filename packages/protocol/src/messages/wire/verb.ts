import type { PackReader } from '../../bytes/pack-reader.ts';
import type { PackWriter } from '../../bytes/pack-writer.ts';
import type { Fields, FieldValues } from './field.ts';
import { sequence } from './sequence.ts';

/** The ends that may send a verb. */
export type Sender = 'dialler' | 'manager' | 'both';

/** One kind of message: its number on the wire, its sender, its fields in order. */
export interface Verb<N extends string, F extends Fields> {
  readonly name: N;
  readonly type: number;
  readonly from: Sender;
  readonly fields: F;
  write(writer: PackWriter, message: FieldValues<F>): void;
  /** Reads the fields of a message, after its type; `length` of them were sent. */
  read(reader: PackReader, length: number): { readonly verb: N } & FieldValues<F>;
}

export type MessageOf<V> =
  V extends Verb<infer N, infer F> ? { readonly verb: N } & FieldValues<F> : never;

/** Declares a verb; `messages/` has a file for each request, with its answers. */
export const verb = <const N extends string, F extends Fields>(
  type: number,
  name: N,
  from: Sender,
  fields: F,
): Verb<N, F> => {
  const codec = sequence(name, fields, { verb: name });
  return {
    name,
    type,
    from,
    fields,
    write(writer, message) {
      writer.list(codec.lengthOf(message) + 1);
      writer.number(type);
      codec.write(writer, message);
    },
    read: (reader, length) => codec.read(reader, length),
  };
};
