import { readRecord, recordWriter } from './record.ts';

/** A row that holds numbers. */
export const encodeNumbers = (numbers: readonly number[]): Uint8Array => {
  const writer = recordWriter();
  const start = writer.length;
  writer.list(numbers.length);
  for (const number of numbers) {
    writer.number(number);
  }
  return writer.view(start);
};

export const decodeNumbers = (record: Uint8Array): readonly number[] =>
  readRecord(record, (reader, length) => Array.from({ length }, () => reader.number()));
