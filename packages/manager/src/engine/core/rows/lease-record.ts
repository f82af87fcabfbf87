import { flagOr, number, optional, text } from './codecs.ts';
import { readList, recordKind, type Values, writeList } from './record.ts';

const fields = {
  taskId: text,
  sessionId: text,
  epoch: number,
  grant: number,
  /** Why the attempt should end, if its cancellation was requested. */
  cancelReason: optional(text),
  /** Arrival of the task: an id that was forgotten may be given to another task. */
  arrivalEpoch: number,
  arrivalCount: number,
  /** Whether it was granted to a pool that runs a suspect in a process of its own. */
  isIsolated: flagOr(false),
};

const extras = {};

const lease = recordKind('lease', fields, extras);

export type LeaseRecord = Values<typeof fields, typeof extras>;

export const encodeLeases = (leases: readonly LeaseRecord[]): Uint8Array =>
  writeList(leases, (writer, values) => {
    writer.list(lease.length);
    lease.write(writer, values);
  });

export const decodeLeases = (row: Uint8Array): readonly LeaseRecord[] =>
  readList(row, (reader) => {
    const values = lease.read(reader, reader.open());
    reader.close();
    return values;
  });
