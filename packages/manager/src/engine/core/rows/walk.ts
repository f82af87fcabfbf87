import type { Journal, Row } from '../../store/journal.ts';

/** A place in the store: the task at `index` of those that the row `key` names. */
export interface Place {
  readonly key: string;
  readonly index: number;
}

/** What is found at a place: a row, and the task that it names there. */
export interface Named extends Place {
  readonly taskId: string;
  readonly rowIds: readonly string[];
}

/** Rows to walk through, and how each names its tasks. */
export interface Path {
  /** In ascending order. */
  readonly ranges: readonly (readonly [from: string, to: string])[];
  readonly idsOf: (row: Row) => readonly string[];
}

/** Rows read at a time, and the bytes of them beyond which fewer are read. */
const ROWS_MAX = 16;
const ROWS_BYTES = 64 * 1_024;

/** Rows may hold a payload each, or a few ids: as many again as before, while they are small. */
const rowsNext = (rows: readonly Row[], limit: number): number => {
  const bytes = rows.reduce((sum, { value }) => sum + value.length, 0);
  return bytes > ROWS_BYTES ? 1 : Math.min(ROWS_MAX, limit * 2);
};

/**
 * Everything that the rows of a path name, from a place on. Whoever walks may
 * stop anywhere, and go on from there later: what was read is what it cost.
 */
export function* walk(journal: Journal, path: Path, from: Place | undefined): Generator<Named> {
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

function* namedBy({ key }: Row, rowIds: readonly string[], from: number): Generator<Named> {
  for (let index = from; index < rowIds.length; index++) {
    yield { key, index, taskId: rowIds[index] ?? '', rowIds };
  }
}

/** A place as text that means nothing to whoever is given it. */
export const cursorOf = ({ index, key }: Place): string =>
  `${Buffer.from(key, 'latin1').toString('base64url')}.${index}`;

/** What `cursorOf` wrote; anything else is some place, where nothing may be found. */
export const placeOf = (cursor: string): Place => {
  const [key = '', index = ''] = cursor.split('.');
  return {
    key: Buffer.from(key, 'base64url').toString('latin1'),
    index: Number.parseInt(index, 10) || 0,
  };
};

/** How much one request may look at: what it reads while nobody else is served. */
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

  /** One more place was looked at, and so many bytes read there. */
  spend(bytes: number): void {
    this.#tasks -= 1;
    this.#bytes -= bytes;
  }
}
