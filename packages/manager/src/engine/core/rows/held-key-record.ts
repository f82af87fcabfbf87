import { number, optional, text } from './codecs.ts';
import { readRecord, recordKind, writeRecord } from './record.ts';

const fields = {
  /** The task that holds the key. */
  taskId: text,
  /** Wall time at which the key is free again; absent for a key that is held until its task ends. */
  expiresAtMs: optional(number),
};

const heldKey = recordKind('key', fields, {});

/** Which task holds a key, and for how long. */
export interface HeldKey {
  readonly taskId: string;
  readonly expiresAtMs: number | undefined;
}

export const encodeHeldKey = (held: HeldKey): Uint8Array =>
  writeRecord((writer) => {
    writer.list(heldKey.length);
    heldKey.write(writer, { ...held, extras: undefined });
  });

export const decodeHeldKey = (record: Uint8Array): HeldKey =>
  readRecord(record, (reader, length) => {
    const { expiresAtMs, taskId } = heldKey.read(reader, length);
    return { taskId, expiresAtMs };
  });
