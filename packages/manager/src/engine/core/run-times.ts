/** Steps in which a run time doubles: a bucket is 19 % wide. */
const BUCKETS_PER_DOUBLING = 4;
/** The last bucket begins at 2^32 ms, which is 50 days. */
const BUCKETS = 32 * BUCKETS_PER_DOUBLING + 1;
/** Runs after which all counts are halved, so that what was long ago fades. */
const RUNS_MAX = 2_048;
const SHARE = 0.95;

const bucketOf = (tookMs: number): number =>
  Math.min(BUCKETS - 1, Math.floor(Math.log2(Math.max(1, tookMs)) * BUCKETS_PER_DOUBLING));

/** The upper end of a bucket. */
const endMs = (bucket: number): number => 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING);

/** How long the runs of a queue took lately: a histogram of fixed size. */
export class RunTimes {
  #counts: number[] | undefined;
  #runs = 0;

  note(tookMs: number): void {
    this.#counts ??= Array.from({ length: BUCKETS }, () => 0);
    const bucket = bucketOf(tookMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#runs += 1;
    if (this.#runs >= RUNS_MAX) {
      this.#fade(this.#counts);
    }
  }

  /** What 95 of 100 runs stayed below, a fifth too high at most; unknown before the first run. */
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
