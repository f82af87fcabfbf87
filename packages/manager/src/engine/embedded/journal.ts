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

/**
 * An ordered map that survives the process: the port under the embedded core.
 *
 * Keys are strings whose characters stand for one byte each; they sort as bytes.
 * Reads are synchronous and see exactly what is durable. One commit is in flight
 * at a time, all or nothing, durable when its promise resolves; after a rejected
 * one nothing may be written any more.
 */
export interface Journal {
  readonly name: string;
  get(key: string): Uint8Array | undefined;
  /** The last key with `from` ≤ key < `to`. */
  lastKey(from: string, to: string): string | undefined;
  /** Rows with `from` ≤ key < `to`, ascending, at most `limit`. */
  range(from: string, to: string, limit: number): Row[];
  commit(writes: readonly Write[]): Promise<void>;
  space(): JournalSpace;
  close(): Promise<void>;
}
