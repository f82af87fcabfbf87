import type { PackReader, PackWriter } from '@millrace/protocol';
import type { Arrival } from './keys.ts';
import { readList, readText, writeList } from './record.ts';

/** Where a row goes when nothing in it matters any more. */
interface Remover {
  remove(key: string): void;
}

/**
 * A row that lists several tasks or queues of one batch. It goes when the last of them
 * has left it, so it may name some that have moved on.
 */
export class ListRow {
  readonly key: string;
  #left: number;

  constructor(key: string, count: number) {
    this.key = key;
    this.#left = count;
  }

  /** Whether all others have left it. */
  get hasOne(): boolean {
    return this.#left === 1;
  }

  /** One more is found to be in it. */
  join(): void {
    this.#left += 1;
  }

  /** One of them has left. */
  leave(batch: Remover): void {
    this.#left -= 1;
    if (this.#left === 0) {
      batch.remove(this.key);
    }
  }
}

export const encodeIds = (taskIds: readonly string[]): Uint8Array =>
  writeList(taskIds, (writer, taskId) => writer.text(taskId));

export const decodeIds = (row: Uint8Array): readonly string[] => readList(row, readText);

/** What is on disk of a lease. */
export interface LeaseRecord {
  readonly taskId: string;
  readonly sessionId: string;
  readonly epoch: number;
  readonly grant: number;
  /** Why it should end; none unless its cancellation was asked for. */
  readonly cancelReason: string | undefined;
  /** Of the task: an id that was forgotten may be given to another. */
  readonly arrival: Arrival;
}

const LEASE_FIELDS = 7;

const writeOptionalText = (writer: PackWriter, text: string | undefined): void =>
  text === undefined ? writer.nil() : writer.text(text);

const writeLease = (writer: PackWriter, lease: LeaseRecord): void => {
  writer.list(LEASE_FIELDS);
  writer.text(lease.taskId);
  writer.text(lease.sessionId);
  writer.number(lease.epoch);
  writer.number(lease.grant);
  writeOptionalText(writer, lease.cancelReason);
  writer.number(lease.arrival.epoch);
  writer.number(lease.arrival.count);
};

const readLease = (reader: PackReader): LeaseRecord => {
  reader.open();
  const lease = {
    taskId: readText(reader),
    sessionId: readText(reader),
    epoch: reader.number(),
    grant: reader.number(),
    cancelReason: reader.nil() ? undefined : readText(reader),
    arrival: { epoch: reader.number(), count: reader.number() },
  };
  reader.close();
  return lease;
};

export const encodeLeases = (leases: readonly LeaseRecord[]): Uint8Array =>
  writeList(leases, writeLease);

export const decodeLeases = (row: Uint8Array): readonly LeaseRecord[] => readList(row, readLease);
