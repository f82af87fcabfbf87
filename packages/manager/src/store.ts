import { MillraceError } from '@millrace/protocol';
import type { RecordCheck } from './engine/core/audit/check-records.ts';
import type { Survey } from './engine/store/disk/survey.ts';
import { explainNoDisk } from './no-disk.ts';

/** The result of a check of a store. */
export interface StoreCheck {
  /** Whether a manager has the store open. If so, the records of its log were not read. */
  readonly running: boolean;
  readonly rows: number;
  /** A sentence for each damaged file, page or value. */
  readonly damage: readonly string[];
  /** A sentence for each contradiction between records. None if there is damage, because damage hides rows. */
  readonly findings: readonly string[];
}

/** The size and the contents of a store. */
export interface StoreReport {
  /** The name of the store, in hexadecimal. */
  readonly id: string;
  /** Whether a manager has it open. */
  readonly running: boolean;
  readonly layout: number | null;
  readonly treeBytes: number;
  /** Bytes of pages that are free for later changes. */
  readonly freeBytes: number;
  /** Whether every value has a checksum. */
  readonly checksums: boolean;
  readonly entries: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** A sentence for each contradiction between records. */
  readonly findings: readonly string[];
}

/** Imported when needed: a program that uses only the client must not load LMDB. */
const onDisk = <T>(module: Promise<T>): Promise<T> => module.catch(explainNoDisk);

const survey = async (
  directory: string,
): Promise<{ readonly seen: Survey; readonly records: RecordCheck }> => {
  const { surveyStore } = await onDisk(import('./engine/store/disk/survey.ts'));
  const { RecordCheck: Check } = await import('./engine/core/audit/check-records.ts');
  const records = new Check();
  const seen = await surveyStore(directory, (key, value) => records.visit(key, value));
  return { seen, records };
};

const countOf = ({ rows }: RecordCheck): number =>
  [...rows.values()].reduce((sum, count) => sum + count, 0);

/**
 * Reads all of a store or of a backup, and changes nothing: files, pages, checksums, records,
 * indexes, counters. The tree of a running manager is read as it is at that moment, and the manager
 * is not held up.
 *
 * @throws STORE_FAILED when there is no store; STORE_VERSION
 */
export const checkStore = async (directory: string): Promise<StoreCheck> => {
  const { records, seen } = await survey(directory);
  return {
    running: seen.isRunning,
    rows: countOf(records),
    damage: seen.damage,
    findings: seen.damage.length === 0 ? records.findings() : [],
  };
};

/**
 * The size and the contents of a store or of a backup. Reads all of it, and changes nothing.
 *
 * @throws STORE_FAILED when it is not whole
 */
export const inspectStore = async (directory: string): Promise<StoreReport> => {
  const { records, seen } = await survey(directory);
  const { id, isRunning, tree, treeBytes } = seen;
  if (id === undefined || tree === undefined || seen.damage.length > 0) {
    throw new MillraceError(
      'STORE_FAILED',
      `the store in ${directory}: ${seen.damage[0]}; millrace store check shows all damage`,
    );
  }
  return {
    id,
    running: isRunning,
    layout: records.layout ?? null,
    treeBytes,
    freeBytes: tree.freePages * tree.pageBytes,
    checksums: tree.bareValues === 0,
    entries: countOf(records),
    rows: Object.fromEntries(records.rows),
    findings: records.findings(),
  };
};

/**
 * Copies a store into an empty directory, while its manager runs or not. The copy has
 * everything that was acknowledged before the call.
 *
 * @returns bytes of the backup
 * @throws STORE_FAILED
 */
export const backUpStore = async (directory: string, target: string): Promise<number> => {
  const { backUpStore: backUp } = await onDisk(import('./engine/store/disk/back-up.ts'));
  return backUp(directory, target);
};

/**
 * Makes a store of a backup, in an empty directory. Workers and clients of the store that was
 * backed up get new sessions: its secret is not restored.
 *
 * @returns bytes of the store
 * @throws STORE_FAILED
 */
export const restoreStore = async (backup: string, directory: string): Promise<number> => {
  const { restoreStore: restore } = await onDisk(import('./engine/store/disk/restore.ts'));
  const { metaKey } = await import('./engine/core/rows/keys.ts');
  return restore(backup, directory, [{ key: metaKey('secret'), value: undefined }]);
};

/**
 * Writes the tree of a stopped store anew without its free space, and with a checksum for each value.
 *
 * @throws STORE_IN_USE, STORE_FAILED
 */
export const compactStore = async (
  directory: string,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> => {
  const { compactStore: compact } = await onDisk(import('./engine/store/disk/compact.ts'));
  return compact(directory);
};
