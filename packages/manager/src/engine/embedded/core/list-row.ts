import type { PackReader } from '@millrace/protocol';
import type { Arrival } from './keys.ts';
import { readRecord, readText, recordWriter } from './record.ts';

/** Where a row goes when nothing in it matters any more. */
interface Remover {
  remove(key: string): void;
}

/**
 * A row that lists several tasks, written once by their batch. It goes when the
 * last of them has left it. Rows are hints: what a task's own record says counts,
 * so a row may name tasks that have moved on.
 */
export class ListRow {
  readonly key: string;
  #left: number;

  constructor(key: string, count: number) {
    this.key = key;
    this.#left = count;
  }

  /** One of the tasks has left. */
  leave(batch: Remover): void {
    this.#left -= 1;
    if (this.#left === 0) {
      batch.remove(this.key);
    }
  }
}

export const encodeIds = (taskIds: readonly string[]): Uint8Array => {
  const writer = recordWriter();
  const start = writer.length;
  writer.list(taskIds.length);
  for (const taskId of taskIds) {
    writer.text(taskId);
  }
  return writer.view(start);
};

export const decodeIds = (row: Uint8Array): readonly string[] =>
  readRecord(row, (reader, length) => Array.from({ length }, () => readText(reader)));

/** What is on disk of a lease. */
export interface LeaseRecord {
  readonly taskId: string;
  readonly sessionId: string;
  readonly epoch: number;
  readonly grant: number;
  readonly cancelRequested: boolean;
  /** Of the task: an id that was forgotten may be given to another. */
  readonly arrival: Arrival;
}

const LEASE_FIELDS = 7;

export const encodeLeases = (leases: readonly LeaseRecord[]): Uint8Array => {
  const writer = recordWriter();
  const start = writer.length;
  writer.list(leases.length);
  for (const { arrival, cancelRequested, epoch, grant, sessionId, taskId } of leases) {
    writer.list(LEASE_FIELDS);
    writer.text(taskId);
    writer.text(sessionId);
    writer.number(epoch);
    writer.number(grant);
    writer.boolean(cancelRequested);
    writer.number(arrival.epoch);
    writer.number(arrival.count);
  }
  return writer.view(start);
};

const readLease = (reader: PackReader): LeaseRecord => {
  reader.open();
  const lease = {
    taskId: readText(reader),
    sessionId: readText(reader),
    epoch: reader.number(),
    grant: reader.number(),
    cancelRequested: reader.boolean() ?? false,
    arrival: { epoch: reader.number(), count: reader.number() },
  };
  reader.close();
  return lease;
};

export const decodeLeases = (row: Uint8Array): readonly LeaseRecord[] =>
  readRecord(row, (reader, length) => Array.from({ length }, () => readLease(reader)));
