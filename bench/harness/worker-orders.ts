/** The orders that a worker's process carries out. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Adapter, Running } from './adapter.ts';
import { sharedClockMs } from './clock.ts';
import type { Payload } from './payload.ts';
import type { Answer, Order } from './served.ts';
import { latencyFigures } from './statistics.ts';

const RUNS_PER_MARK = 1_000;
const MS_PER_SECOND = 1_000;
const BETWEEN_MAX_MS = 50_000;

/** The handler of every system. It does nothing but count its runs and record when they began. */
class Recorder {
  #runs = 0;
  /** The time at which each thousandth run began. */
  readonly #marksMs: number[] = [];
  #waiting: { readonly runs: number; readonly resolve: () => void } | undefined;
  #latenciesMs: number[] | undefined;

  readonly handle = (payload: Payload): null => {
    this.#runs += 1;
    this.#latenciesMs?.push(sharedClockMs() - payload.a);
    if (this.#runs % RUNS_PER_MARK === 0) {
      this.#marksMs.push(performance.now());
    }
    if (this.#runs === this.#waiting?.runs) {
      this.#waiting.resolve();
    }
    return null;
  };

  get runs(): number {
    return this.#runs;
  }

  async until(runs: number): Promise<void> {
    if (this.#runs < runs) {
      await new Promise<void>((resolve) => {
        this.#waiting = { runs, resolve };
      });
    }
  }

  /** The number of runs, rounded down to a multiple of a thousand. */
  get marked(): number {
    return this.#marksMs.length * RUNS_PER_MARK;
  }

  /** Seconds between two runs, whose numbers must be multiples of a thousand. */
  secondsBetween(from: number, to: number): number {
    const at = (runs: number): number => this.#marksMs[runs / RUNS_PER_MARK - 1] ?? Number.NaN;
    return (at(to) - at(from)) / MS_PER_SECOND;
  }

  watch(): void {
    this.#latenciesMs = [];
  }

  get latenciesMs(): readonly number[] {
    return this.#latenciesMs ?? [];
  }
}

export const workerOrders = (
  adapter: Adapter,
  address: string,
): {
  orders: Readonly<Record<string, (order: Order) => Promise<Answer>>>;
  close: () => Promise<void>;
} => {
  const recorder = new Recorder();
  let running: Running | undefined;
  return {
    orders: {
      work: async ({ slots }) => {
        running = await adapter.worker(address, Number(slots), recorder.handle);
        return {};
      },
      /** Stops the worker, but keeps the process warm for the next `work`. */
      rest: async () => {
        await running?.close();
        running = undefined;
        return {};
      },
      count: async () => ({ runs: recorder.runs, atMs: performance.now() }),
      until: async ({ runs }) => {
        await recorder.until(Number(runs));
        return {};
      },
      /** Seconds from one run to another, or to the last one reached within `maxMs`. */
      between: async ({ from, maxMs = BETWEEN_MAX_MS, to }) => {
        await recorder.until(Number(from));
        await Promise.race([recorder.until(Number(to)), sleep(Number(maxMs))]);
        const last = Math.min(Number(to), recorder.marked);
        const seconds = recorder.secondsBetween(Number(from), last);
        return { runs: last - Number(from), seconds };
      },
      watch: async () => {
        recorder.watch();
        return {};
      },
      latencies: async () => ({
        runs: recorder.latenciesMs.length,
        ...latencyFigures(recorder.latenciesMs),
      }),
    },
    close: async () => running?.close(),
  };
};
