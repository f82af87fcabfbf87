import { tuning } from '../../tuning.ts';

/** The last bucket begins at 2^32 ms, which is 50 days. */
const BUCKETS = 32 * tuning.runTimeBucketsPerDoubling + 1;
const SHARE = 0.95;

const bucketOf = (tookMs: number): number =>
  Math.min(
    BUCKETS - 1,
    Math.floor(Math.log2(Math.max(1, tookMs)) * tuning.runTimeBucketsPerDoubling),
  );

/** The upper end of a bucket. */
const endMs = (bucket: number): number => 2 ** ((bucket + 1) / tuning.runTimeBucketsPerDoubling);

/** Run times of a queue, the latest above all: a histogram of fixed size. */
export class RunTimes {
  #counts: number[] | undefined;
  #runs = 0;

  note(tookMs: number): void {
    this.#counts ??= Array.from({ length: BUCKETS }, () => 0);
    const bucket = bucketOf(tookMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#runs += 1;
    if (this.#runs >= tuning.runTimesMax) {
      this.#fade(this.#counts);
    }
  }

  /** The time that 95 of 100 runs stayed below, at most a fifth too high; unknown before the first run. */
  get p95Ms(): number | undefined {
    let left = this.#runs * (1 - SHARE);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      const count = this.#counts?.[bucket] ?? 0;
      if (count > left) {
        return endMs(bucket);
      }
      left -= count;
    }
    return undefined;
  }

  #fade(counts: number[]): void {
    this.#runs = 0;
    for (const [bucket, count] of counts.entries()) {
      counts[bucket] = count >> 1;
      this.#runs += count >> 1;
    }
  }
}
