import type { Table } from './engine/core/rows/keys.ts';
import type { Seen } from './engine/store/disk/keep.ts';
import { explainNoDisk } from './no-disk.ts';

/** What a look at a whole store has shown. */
export interface StoreReport {
  /** The name of the store, in hexadecimal. */
  readonly id: string;
  /** Whether a manager has it open. */
  readonly running: boolean;
  readonly layout: number | null;
  readonly treeBytes: number;
  /** Bytes of pages that are free for later changes; null while a manager has the store open. */
  readonly freeBytes: number | null;
  /** Whether every value has a checksum. */
  readonly checksums: boolean;
  readonly entries: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Where the records contradict each other, in sentences. */
  readonly findings: readonly string[];
}

/** Imported when needed: a program that uses only the client must not load LMDB. */
const keeping = () => import('./engine/store/disk/keep.ts').catch(explainNoDisk);

interface Records {
  readonly layout: number | undefined;
  readonly rows: ReadonlyMap<Table, number>;
  findings(): readonly string[];
}

const reportOf = (seen: Seen, records: Records): StoreReport => ({
  id: seen.id,
  running: seen.isRunning,
  layout: records.layout ?? null,
  treeBytes: seen.treeBytes,
  freeBytes: seen.tree === undefined ? null : seen.tree.freePages * seen.tree.pageBytes,
  checksums: seen.isChecked,
  entries: seen.entries,
  rows: Object.fromEntries(records.rows),
  findings: records.findings(),
});

/**
 * Reads all of a store or of a backup: pages, checksums, records, counters. A running manager
 * is not held up; its store is then read without the pages.
 *
 * @throws STORE_FAILED with the first damage
 */
export const inspectStore = async (directory: string): Promise<StoreReport> => {
  const { readStore } = await keeping();
  const { RecordCheck } = await import('./engine/core/audit/check-records.ts');
  const records = new RecordCheck();
  const seen = await readStore(directory, (key, value) => records.visit(key, value));
  return reportOf(seen, records);
};

/**
 * Copies a store into an empty directory, while its manager runs or not. The copy has
 * everything that was acknowledged before the call.
 *
 * @returns bytes of the backup
 * @throws STORE_FAILED
 */
export const backUpStore = async (directory: string, target: string): Promise<number> => {
  const { backUpStore: backUp } = await keeping();
  return (await backUp(directory, target)).treeBytes;
};

/**
 * Makes a store of a backup, in an empty directory. Workers and clients of the store that was
 * backed up get new sessions: its secret is not restored.
 *
 * @returns bytes of the store
 * @throws STORE_FAILED
 */
export const restoreStore = async (backup: string, directory: string): Promise<number> => {
  const { restoreStore: restore } = await keeping();
  const { metaKey } = await import('./engine/core/rows/keys.ts');
  const forgetSecret = { key: metaKey('secret'), value: undefined };
  return (await restore(backup, directory, [forgetSecret])).treeBytes;
};

/**
 * Writes the tree of a stopped store anew without its free space, and with a checksum for each value.
 *
 * @throws STORE_IN_USE, STORE_FAILED
 */
export const compactStore = async (
  directory: string,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> => {
  const { compactStore: compact } = await keeping();
  const { beforeBytes, seen } = await compact(directory);
  return { beforeBytes, afterBytes: seen.treeBytes };
};
