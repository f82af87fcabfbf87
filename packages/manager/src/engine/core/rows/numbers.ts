import { readList, writeList } from './record.ts';

/** A row that holds numbers. */
export const encodeNumbers = (numbers: readonly number[]): Uint8Array =>
  writeList(numbers, (writer, number) => writer.number(number));

export const decodeNumbers = (record: Uint8Array): readonly number[] =>
  readList(record, (reader) => reader.number());
