import type { Random } from '../../support/random.ts';
import type { StorePart } from './store-files.ts';

interface CallPoint {
  readonly syscall: 'fdatasync' | 'pwrite64' | 'writev';
  /** The part of the store whose calls count; undefined counts all calls, including those on sockets. */
  readonly part: StorePart | undefined;
  /** The manager dies before the kernel carries out the n-th such call of one thread. */
  readonly n: number;
}

/** The point at which a manager dies: a call under load, a call of its start, or a random moment. */
export type Point =
  | ({ readonly how: 'attach' } & CallPoint)
  | ({ readonly how: 'launch' } & CallPoint)
  | { readonly how: 'random'; readonly afterMs: number };

/** The number of points on one store, one after another. */
export const POINTS_PER_STORE = 6;
/** The highest call that is counted; later calls only repeat earlier ones on a larger store. */
const LAST_CALL = 48;
const RANDOM_MAX_MS = 120;

type Maker = (n: number, random: Random) => Point;

type Syscall = CallPoint['syscall'];

const under = (syscall: Syscall, part?: StorePart): Maker => {
  return (n) => ({ how: 'attach', syscall, part, n: 1 + (n % LAST_CALL) });
};

/**
 * Points in a start. A start of a new store makes both files of the log and writes to the
 * tree twice; a start of an old store brings the rest of the log to the tree. Later calls
 * happen under load.
 */
const starting = (syscall: Syscall, part: StorePart, last: number): Maker => {
  return (n) => ({ how: 'launch', syscall, part, n: 1 + (n % last) });
};

const atRandom: Maker = (_n, random) => ({
  how: 'random',
  afterMs: random.between(0, RANDOM_MAX_MS),
});

/**
 * The kinds of points and their shares. Each kind counts by itself: its first point is at
 * the first call, its second point at the second call.
 */
const kinds: readonly { readonly name: string; readonly share: number; readonly make: Maker }[] = [
  { name: 'record of the log', share: 4, make: under('pwrite64', 'log') },
  { name: 'flush of a checkpoint', share: 2, make: under('fdatasync', 'tree') },
  { name: 'page or meta page', share: 2, make: under('pwrite64', 'tree') },
  { name: 'pages', share: 1, make: under('writev', 'tree') },
  { name: 'answer', share: 1, make: under('writev') },
  { name: 'random moment', share: 1, make: atRandom },
  { name: 'record of a start', share: 0.5, make: starting('pwrite64', 'log', 4) },
  { name: 'flush of a start', share: 0.5, make: starting('fdatasync', 'tree', 4) },
  { name: 'page of a start', share: 0.5, make: starting('pwrite64', 'tree', 6) },
];

export interface PlannedPoint {
  readonly kind: string;
  readonly point: Point;
}

/** Plans `points` points, of every kind by its share, in an order that the seed decides. */
export const plan = (points: number, random: Random): PlannedPoint[] => {
  const total = kinds.reduce((sum, { share }) => sum + share, 0);
  const planned = kinds.flatMap(({ make, name, share }) =>
    Array.from({ length: Math.ceil((points * share) / total) }, (_, n) => ({
      kind: name,
      point: make(n, random),
    })),
  );
  return planned
    .map((point) => ({ point, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, points)
    .map(({ point }) => point);
};

/** The points of each store. */
export const byStore = (points: readonly PlannedPoint[]): PlannedPoint[][] =>
  Array.from({ length: Math.ceil(points.length / POINTS_PER_STORE) }, (_, index) =>
    points.slice(index * POINTS_PER_STORE, (index + 1) * POINTS_PER_STORE),
  );
