import type { Random } from '../../harness/random.ts';

interface CallPoint {
  readonly syscall: 'fdatasync' | 'pwrite64' | 'writev';
  /** Only calls on the file of the store count, not those on sockets. */
  readonly isOnData: boolean;
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

const under = (syscall: CallPoint['syscall'], isOnData: boolean): Maker => {
  return (n) => ({ how: 'attach', syscall, isOnData, n: 1 + (n % LAST_CALL) });
};

/** A start writes twice to a new store, once to an old one; what comes later meets the load. */
const starting = (syscall: CallPoint['syscall'], last: number): Maker => {
  return (n) => ({ how: 'launch', syscall, isOnData: true, n: 1 + (n % last) });
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
  { name: 'flush', share: 3, make: under('fdatasync', true) },
  { name: 'page or meta page', share: 3, make: under('pwrite64', true) },
  { name: 'pages', share: 2, make: under('writev', true) },
  { name: 'answer', share: 1, make: under('writev', false) },
  { name: 'random moment', share: 1, make: atRandom },
  { name: 'flush of a start', share: 0.5, make: starting('fdatasync', 4) },
  { name: 'page of a start', share: 0.5, make: starting('pwrite64', 6) },
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
