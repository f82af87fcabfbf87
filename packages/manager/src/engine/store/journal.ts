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
  /** Bytes that the store occupies. */
  readonly usedBytes: number;
  /** Bytes that are free on its disk. */
  readonly freeBytes: number;
  /** With less free space nothing new is accepted, so that reports of tasks can still be written. */
  readonly reserveBytes: number;
}

/** The longest key of LMDB with pages of 4 KiB. */
export const KEY_MAX_BYTES = 1_978;

/** Reads of an ordered map. */
export interface Rows {
  get(key: string): Uint8Array | undefined;
  /** The last key with `from` ≤ key < `to`. */
  lastKey(from: string, to: string): string | undefined;
  /** Rows with `from` ≤ key < `to`, ascending, at most `limit`. */
  range(from: string, to: string, limit: number): Row[];
}

/**
 * An ordered map that survives the process: the interface between the engine and a store.
 *
 * - A key is a string whose characters stand for one byte each; keys sort as bytes. No key is
 *   empty, a zero byte alone, longer than `KEY_MAX_BYTES`, or begins with two zero bytes.
 * - Reads are synchronous and see exactly what is durable.
 * - One commit is in flight at a time. A commit is all or nothing, and durable when its promise
 *   resolves. After a rejected commit nothing may be written any more.
 * - The bytes of a value must not change after it was given to `commit`.
 */
export interface Journal extends Rows {
  readonly name: string;
  commit(writes: readonly Write[]): Promise<void>;
  /** @throws the error of a write that failed after its commit was acknowledged */
  space(): JournalSpace;
  close(): Promise<void>;
}
