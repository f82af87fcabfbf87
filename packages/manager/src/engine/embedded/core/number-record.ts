import { Packr, Unpackr } from 'msgpackr';

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

/** A row that holds numbers, as a MessagePack list. */
export const encodeNumbers = (numbers: readonly number[]): Uint8Array => packr.pack(numbers);

export const decodeNumbers = (record: Uint8Array): readonly number[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `encodeNumbers` alone
  unpackr.unpack(record) as number[];
