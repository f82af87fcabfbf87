/**
 * Counts events by key over the last moments: those of the present span, and those of the
 * span before. Keys beyond `maxKeys` in one span share the key ''.
 */
export class Tally {
  readonly #spanMs: number;
  readonly #maxKeys: number;
  #present = new Map<string, number>();
  #before = new Map<string, number>();
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(spanMs: number, maxKeys: number) {
    this.#spanMs = spanMs;
    this.#maxKeys = maxKeys;
  }

  count(key: string, nowMs: number, by = 1): void {
    this.#turn(nowMs);
    const isKnown = this.#present.has(key) || this.#present.size < this.#maxKeys;
    const counted = isKnown ? key : '';
    this.#present.set(counted, (this.#present.get(counted) ?? 0) + by);
  }

  /** Events of the last one to two spans. */
  counts(nowMs: number): Map<string, number> {
    this.#turn(nowMs);
    const counts = new Map(this.#before);
    for (const [key, count] of this.#present) {
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
    return counts;
  }

  #turn(nowMs: number): void {
    const passedMs = nowMs - this.#sinceMs;
    if (passedMs >= this.#spanMs) {
      this.#before = passedMs < 2 * this.#spanMs ? this.#present : new Map<string, number>();
      this.#present = new Map();
      this.#sinceMs = nowMs;
    }
  }
}
