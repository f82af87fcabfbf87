import { tuning } from '../../../tuning.ts';
import type { Journal, Row } from '../../store/journal.ts';

/** A position in the store: the task at `index` of those that the row `key` names. */
export interface RowPosition {
  readonly key: string;
  readonly index: number;
}

/** A task that a row names at a position. */
export interface Named extends RowPosition {
  readonly taskId: string;
  readonly rowIds: readonly string[];
}

/** Rows to walk through, and how each names its tasks. */
export interface Path {
  /** In ascending order. */
  readonly ranges: readonly (readonly [from: string, to: string])[];
  readonly idsOf: (row: Row) => readonly string[];
}

/** Reads twice as many rows each time while they are small; a row may hold a payload, or only ids. */
const rowsNext = (rows: readonly Row[], limit: number): number => {
  const bytes = rows.reduce((sum, { value }) => sum + value.length, 0);
  return bytes > tuning.walkBytes ? 1 : Math.min(tuning.walkRows, limit * 2);
};

/**
 * All tasks that the rows of a path name, from a position on. A walk may stop anywhere and
 * be continued there; it reads only as far as it is followed.
 */
export function* walk(
  journal: Journal,
  path: Path,
  from: RowPosition | undefined,
): Generator<Named> {
  const start = from?.key ?? '';
  for (const [first, end] of path.ranges) {
    let next = start > first ? start : first;
    let limit = 1;
    for (let isMore = next < end; isMore; ) {
      const rows = journal.range(next, end, limit);
      for (const row of rows) {
        yield* namedBy(row, path.idsOf(row), row.key === start ? (from?.index ?? 0) : 0);
      }
      next = `${rows[rows.length - 1]?.key ?? end}\0`;
      isMore = rows.length === limit;
      limit = rowsNext(rows, limit);
    }
  }
}

/** Walks the same tasks in the opposite order, from a position or from the last task on. */
export function* walkBack(
  journal: Journal,
  path: Path,
  from: RowPosition | undefined,
): Generator<Named> {
  const behind = from === undefined ? undefined : `${from.key}\0`;
  for (const [first, end] of path.ranges.toReversed()) {
    const last = behind !== undefined && behind < end ? behind : end;
    for (let row = lastRow(journal, first, last); row !== undefined; ) {
      yield* namedBackBy(row, path.idsOf(row), row.key === from?.key ? from.index : undefined);
      row = lastRow(journal, first, row.key);
    }
  }
}

const lastRow = (journal: Journal, from: string, to: string): Row | undefined => {
  const key = journal.lastKey(from, to);
  const value = key === undefined ? undefined : journal.get(key);
  return key === undefined || value === undefined ? undefined : { key, value };
};

function* namedBackBy(
  { key }: Row,
  rowIds: readonly string[],
  from: number = rowIds.length,
): Generator<Named> {
  for (let index = Math.min(from, rowIds.length - 1); index >= 0; index--) {
    yield { key, index, taskId: rowIds[index] ?? '', rowIds };
  }
}

function* namedBy({ key }: Row, rowIds: readonly string[], from: number): Generator<Named> {
  for (let index = from; index < rowIds.length; index++) {
    yield { key, index, taskId: rowIds[index] ?? '', rowIds };
  }
}

/** A position as opaque text. */
export const cursorOf = ({ index, key }: RowPosition): string =>
  `${Buffer.from(key, 'latin1').toString('base64url')}.${index}`;

/** The position that `cursorOf` wrote. Any other text is a position at which nothing may be found. */
export const positionOf = (cursor: string): RowPosition => {
  const [key = '', index = ''] = cursor.split('.');
  return {
    key: Buffer.from(key, 'base64url').toString('latin1'),
    index: Number.parseInt(index, 10) || 0,
  };
};

/** Bounds what one request may look at while nobody else is served. */
export class Budget {
  #tasks: number;
  #bytes: number;

  constructor(tasks: number, bytes: number) {
    this.#tasks = tasks;
    this.#bytes = bytes;
  }

  get isSpent(): boolean {
    return this.#tasks <= 0 || this.#bytes <= 0;
  }

  /** One more position was looked at, and so many bytes read there. */
  spend(bytes: number): void {
    this.#tasks -= 1;
    this.#bytes -= bytes;
  }
}
