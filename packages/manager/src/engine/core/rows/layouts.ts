import { MillraceError } from '@millrace/protocol';
import type { JournalSpace, Rows, Write } from '../../store/journal.ts';
import { Layer } from '../../store/layer.ts';

/**
 * The layout of the store: what the tables are, and what their keys and records look
 * like. An added extra, or a field at the end of a list, needs a new layout too, so
 * that an older millrace refuses the store instead of dropping the field.
 */
export const LAYOUT = 7;

/** The writes that turn a store of one layout into the next. */
type Migration = (rows: Rows) => Iterable<Write>;

/**
 * A migration for each layout that was ever released. None is ever removed, and the
 * tests keep a store of each.
 */
const migrations: ReadonlyMap<number, Migration> = new Map([
  // Records may have extras from layout 7 on; those of layout 6 have none, and stay as they are.
  [6, () => []],
]);

const MIB = 1_024 * 1_024;

/** A migration is in the log and in the tree at the same time. */
const COPIES = 2;

const bytesOf = (writes: readonly Write[]): number =>
  writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);

const refuse = (message: string): never => {
  throw new MillraceError('STORE_VERSION', message);
};

/** @throws STORE_VERSION when the disk has no room for what the migration writes */
const requireRoom = (writes: readonly Write[], { freeBytes, reserveBytes }: JournalSpace): void => {
  const neededBytes = COPIES * bytesOf(writes) + reserveBytes;
  if (neededBytes > freeBytes) {
    refuse(
      `migrating the store needs ${Math.ceil(neededBytes / MIB)} MiB of free space, and the disk has ${Math.floor(freeBytes / MIB)}; nothing was changed: free some space and start again`,
    );
  }
};

/**
 * The writes that bring a store to the present layout. They belong to one batch, so
 * that a migration is made as a whole or not at all.
 *
 * @param writer the version of millrace that wrote the store last, if it says so
 * @throws STORE_VERSION for a newer store, one too old, or a full disk
 */
export const migrate = (
  rows: Rows,
  space: () => JournalSpace,
  layout: number,
  writer: string | undefined,
): readonly Write[] => {
  if (layout > LAYOUT) {
    refuse(
      `the store has layout ${layout}, and this millrace reads layouts up to ${LAYOUT}: install millrace ${writer ?? 'of the version that wrote it'} or a later one`,
    );
  }
  // The next migration reads what the one before has written.
  const changes = new Layer(rows);
  for (let from = layout; from < LAYOUT; from++) {
    const migration =
      migrations.get(from) ??
      refuse(
        `the store has layout ${from}, which was never released: move its directory away, or export its tasks with the millrace that wrote it`,
      );
    changes.add([...migration(changes)]);
  }
  const writes = changes.writes();
  if (writes.length > 0) {
    requireRoom(writes, space());
  }
  return writes;
};
