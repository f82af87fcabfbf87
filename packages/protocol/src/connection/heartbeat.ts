/** After how much silence a peer is asked, at which interval, and how many times. */
export interface HeartbeatTimes {
  readonly idleMs: number;
  readonly intervalMs: number;
  readonly probes: number;
}

export type HeartbeatStep =
  | { readonly act: 'wait'; readonly forMs: number }
  | { readonly act: 'ping'; readonly forMs: number }
  | { readonly act: 'dead' };

/**
 * Finds a dead peer within idle + probes · interval. Pure: the caller gives the time,
 * and `step` answers what to do now and when to call it again.
 */
export class Heartbeat {
  readonly #times: HeartbeatTimes;
  #heardAtMs: number;
  #unanswered = 0;
  #askAgainAtMs: number;

  constructor(times: HeartbeatTimes, nowMs: number) {
    this.#times = times;
    this.#heardAtMs = nowMs;
    this.#askAgainAtMs = nowMs + times.idleMs;
  }

  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Call for every frame of the peer: any byte counts as life. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#unanswered = 0;
    this.#askAgainAtMs = nowMs + this.#times.idleMs;
  }

  /**
   * Call for a PING of the peer: it has heard nothing for a while, so that it may not hear
   * us. It is asked in return at once, instead of after the idle time, because its own
   * goodbye may never arrive: TCP holds it back behind bytes that are not acknowledged.
   */
  asked(nowMs: number): void {
    this.#unanswered = 0;
    this.#askAgainAtMs = nowMs;
  }

  step(nowMs: number): HeartbeatStep {
    if (nowMs < this.#askAgainAtMs) {
      return { act: 'wait', forMs: this.#askAgainAtMs - nowMs };
    }
    if (this.#unanswered >= this.#times.probes) {
      return { act: 'dead' };
    }
    this.#unanswered += 1;
    this.#askAgainAtMs = nowMs + this.#times.intervalMs;
    return { act: 'ping', forMs: this.#times.intervalMs };
  }
}
