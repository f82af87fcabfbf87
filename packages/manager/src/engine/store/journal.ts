/** A change of one key; `undefined` removes it. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

export interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface JournalSpace {
  /** Bytes the store occupies. */
  readonly usedBytes: number;
  /** Bytes the disk has left for it. */
  readonly freeBytes: number;
  /** Below this much free space nothing new is accepted, so that settling still can be written. */
  readonly reserveBytes: number;
}

/** What LMDB takes, with pages of 4 KiB. */
export const KEY_MAX_BYTES = 1_978;

/** How an ordered map is read. */
export interface Rows {
  get(key: string): Uint8Array | undefined;
  /** The last key with `from` ≤ key < `to`. */
  lastKey(from: string, to: string): string | undefined;
  /** Rows with `from` ≤ key < `to`, ascending, at most `limit`. */
  range(from: string, to: string, limit: number): Row[];
}

/**
 * An ordered map that survives the process: the port under the embedded core.
 *
 * Keys are strings whose characters stand for one byte each; they sort as bytes.
 * None is empty, a zero byte alone, or longer than `KEY_MAX_BYTES`. Reads are
 * synchronous and see exactly what is durable. One commit is in flight at a time,
 * all or nothing, durable when its promise resolves; after a rejected one nothing
 * may be written any more. Values belong to the journal from then on: their bytes
 * never change.
 */
export interface Journal extends Rows {
  readonly name: string;
  commit(writes: readonly Write[]): Promise<void>;
  /** @throws what the journal has failed of since the last commit */
  space(): JournalSpace;
  close(): Promise<void>;
}
