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
export type Migration = (rows: Rows) => Iterable<Write>;

/**
 * A migration from each layout that was ever released. None is ever removed, and the tests
 * keep a store of each.
 */
const released: ReadonlyMap<number, Migration> = new Map([
  // Records may have extras from layout 7 on. Those of layout 6 have none, and stay as they are.
  [6, () => []],
]);

const MIB = 1_024 * 1_024;

/** A migration is in the log and in the tree at the same time. */
const COPIES = 2;

/** A store, as far as a migration needs it. */
export interface OldStore {
  readonly rows: Rows;
  readonly space: () => JournalSpace;
  readonly layout: number;
  /** The version of millrace that wrote it last, if it says so. */
  readonly software: string | undefined;
}

const bytesOf = (writes: readonly Write[]): number =>
  writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);

const refuse = (message: string): never => {
  throw new MillraceError('STORE_VERSION', message);
};

/** @throws STORE_VERSION when the disk has no room for the writes of a migration */
const requireRoom = (writes: readonly Write[], space: JournalSpace): void => {
  const neededBytes = COPIES * bytesOf(writes) + space.reserveBytes;
  if (neededBytes > space.freeBytes) {
    const neededMib = Math.ceil(neededBytes / MIB);
    const freeMib = Math.floor(space.freeBytes / MIB);
    refuse(
      `migrating the store needs ${neededMib} MiB of free space, and the disk has ${freeMib} MiB; nothing was changed: free some space and start again`,
    );
  }
};

const migrationFrom = (layout: number, migrations: ReadonlyMap<number, Migration>): Migration =>
  migrations.get(layout) ??
  refuse(
    `the store has layout ${layout}, which was never released: run the millrace that wrote it, or move the store away`,
  );

/**
 * The writes that bring a store to the present layout. The caller commits them in one
 * batch, so that a store is migrated as a whole or not at all.
 *
 * @throws STORE_VERSION for a newer store, for one that is too old, and for a full disk
 */
export const migrate = (
  { layout, rows, software, space }: OldStore,
  present = LAYOUT,
  migrations = released,
): readonly Write[] => {
  if (layout > present) {
    refuse(
      `the store has layout ${layout}, and this millrace reads layouts up to ${present}: install millrace ${software ?? 'of the version that wrote it'} or a later one`,
    );
  }
  // Each migration reads what the one before has written.
  const changes = new Layer(rows);
  for (let from = layout; from < present; from++) {
    changes.add([...migrationFrom(from, migrations)(changes)]);
  }
  const writes = changes.writes();
  if (writes.length > 0) {
    requireRoom(writes, space());
  }
  return writes;
};
