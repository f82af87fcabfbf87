import { Random } from '../../support/random.ts';
import { Stage } from '../../support/stage.ts';
import { byStore, type PlannedPoint, plan } from './plan.ts';
import { type PointResult, Series } from './series.ts';

/** The figures of a campaign. */
export interface Totals {
  readonly points: number;
  /** The number of points that the load did not reach; the manager was killed nevertheless. */
  readonly unreached: number;
  readonly acknowledged: number;
  readonly broken: readonly string[];
  readonly restartMsMedian: number;
  readonly byKind: ReadonlyMap<string, number>;
}

export interface CampaignOptions {
  readonly points: number;
  readonly seed: number;
  /** The number of stores that are used at the same time. */
  readonly storesAtOnce: number;
  readonly onPoint?: (done: Done) => void;
}

export interface Done extends PlannedPoint {
  readonly result: PointResult;
}

const describe = ({ kind, point }: PlannedPoint): string => `${kind} ${JSON.stringify(point)}`;

const totalsOf = (all: readonly Done[]): Totals => {
  const times = all.map(({ result }) => result.restartMs).toSorted((a, b) => a - b);
  const byKind = new Map<string, number>();
  for (const { kind } of all) {
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }
  return {
    points: all.length,
    unreached: all.filter(({ result }) => !result.wasReached).length,
    acknowledged: all.reduce((sum, { result }) => sum + result.acknowledged, 0),
    broken: all.flatMap((done) => done.result.broken.map((what) => `${describe(done)}: ${what}`)),
    restartMsMedian: times[Math.floor(times.length / 2)] ?? 0,
    byKind,
  };
};

/** Crashes managers at `points` points, on as many stores as that takes. */
export const runCampaign = async (options: CampaignOptions): Promise<Totals> => {
  const { onPoint = () => {}, points, seed, storesAtOnce } = options;
  const stores = byStore(plan(points, new Random(seed))).map((store, index) => ({ store, index }));
  const all: Done[] = [];
  const runStore = async (store: readonly PlannedPoint[], index: number): Promise<void> => {
    const stage = await Stage.open();
    const series = new Series(stage, new Random(seed + index));
    try {
      for (const planned of store) {
        const done = { ...planned, result: await series.crash(planned.point) };
        all.push(done);
        onPoint(done);
      }
    } finally {
      await series.close();
      await stage.close();
    }
  };
  const runStores = async (): Promise<void> => {
    for (let next = stores.shift(); next !== undefined; next = stores.shift()) {
      await runStore(next.store, next.index);
    }
  };
  await Promise.all(Array.from({ length: storesAtOnce }, runStores));
  return totalsOf(all);
};

/** Renders the totals as text. */
export const report = (totals: Totals): string => {
  const { acknowledged, broken, byKind, points, restartMsMedian, unreached } = totals;
  const kinds = [...byKind].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return [
    `${points} points (${kinds}), ${unreached} not reached`,
    `${acknowledged} acknowledged before the crash, ${broken.length} lost or changed`,
    `restart: ${restartMsMedian} ms (median)`,
    ...broken.slice(0, 20),
  ].join('\n');
};
