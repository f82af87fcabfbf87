import { Packr, Unpackr } from 'msgpackr';
import type { Arrival } from './keys.ts';

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

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

export const encodeIds = (taskIds: readonly string[]): Uint8Array => packr.pack(taskIds);

export const decodeIds = (row: Uint8Array): readonly string[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `encodeIds` alone
  unpackr.unpack(row) as string[];

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

type LeaseTuple = [string, string, number, number, boolean, number, number];

export const encodeLeases = (leases: readonly LeaseRecord[]): Uint8Array =>
  packr.pack(
    leases.map(({ arrival, cancelRequested, epoch, grant, sessionId, taskId }) => [
      taskId,
      sessionId,
      epoch,
      grant,
      cancelRequested,
      arrival.epoch,
      arrival.count,
    ]),
  );

export const decodeLeases = (row: Uint8Array): readonly LeaseRecord[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `encodeLeases` alone
  (unpackr.unpack(row) as LeaseTuple[]).map(
    ([taskId, sessionId, epoch, grant, cancelRequested, arrivalEpoch, arrivalCount]) => ({
      taskId,
      sessionId,
      epoch,
      grant,
      cancelRequested,
      arrival: { epoch: arrivalEpoch, count: arrivalCount },
    }),
  );
