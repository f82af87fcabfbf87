import type { Random } from '../../support/random.ts';
import type { StorePart } from './store-files.ts';

interface CallPoint {
  readonly syscall: 'fdatasync' | 'pwrite64' | 'writev';
  /** Only calls on this part of the store count; without one, those on sockets, too. */
  readonly part: StorePart | undefined;
  /** At the n-th such call of one thread, before the kernel carries it out. */
  readonly n: number;
}

/** Where a manager dies: under load, while it starts, or at any moment. */
export type Point =
  | ({ readonly how: 'attach' } & CallPoint)
  | ({ readonly how: 'launch' } & CallPoint)
  | { readonly how: 'random'; readonly afterMs: number };

/** Points on one store, one after another. */
export const POINTS_PER_STORE = 6;
/** Later calls repeat what earlier ones did, on a store that has grown. */
const LAST_CALL = 48;
const RANDOM_MAX_MS = 120;

type Maker = (n: number, random: Random) => Point;

type Syscall = CallPoint['syscall'];

const under = (syscall: Syscall, part?: StorePart): Maker => {
  return (n) => ({ how: 'attach', syscall, part, n: 1 + (n % LAST_CALL) });
};

/**
 * A start makes both files of the log of a new store, and writes to its tree twice;
 * to an old tree it brings what it has not of its log. What comes later meets the load.
 */
const starting = (syscall: Syscall, part: StorePart, last: number): Maker => {
  return (n) => ({ how: 'launch', syscall, part, n: 1 + (n % last) });
};

const atRandom: Maker = (_n, random) => ({
  how: 'random',
  afterMs: random.between(0, RANDOM_MAX_MS),
});

/**
 * One turn. Each kind counts for itself: its first point is at its first call,
 * its next at the second.
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

/** So many points, of every kind by its share, in an order that the seed decides. */
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
