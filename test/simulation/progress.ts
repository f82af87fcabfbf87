import type { RunReport } from './run-seed.ts';

const BAR_CHARS = 24;
const REDRAW_MS = 250;

/** How far a campaign is, on a terminal in place, and in the end in one line. */
export class Progress {
  readonly #count: number;
  readonly #startedAtMs = performance.now();
  #drawnAtMs = 0;
  #seeds = 0;
  #tasks = 0;
  #steps = 0;
  #simulatedMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAtMs) / 1_000;
  }

  ran({ simulatedMs, steps, verdict }: RunReport): void {
    this.#seeds += 1;
    this.#tasks += verdict.tasks;
    this.#steps += steps;
    this.#simulatedMs += simulatedMs;
    if (process.stdout.isTTY && performance.now() - this.#drawnAtMs > REDRAW_MS) {
      this.#drawnAtMs = performance.now();
      const done = Math.round((BAR_CHARS * this.#seeds) / this.#count);
      const bar = '█'.repeat(done) + '░'.repeat(Math.max(0, BAR_CHARS - done));
      process.stdout.write(`\r${bar} ${this.#line()}\u001B[K`);
    }
  }

  clear(): void {
    if (process.stdout.isTTY) {
      process.stdout.write('\r\u001B[K');
    }
  }

  end(): void {
    this.clear();
    process.stdout.write(`${this.#line()}\n`);
  }

  #line(): string {
    const { seconds } = this;
    const timesReal = this.#simulatedMs / 1_000 / seconds;
    return [
      `${this.#seeds} of ${this.#count} seeds in ${seconds.toFixed(0)} s`,
      `${(this.#seeds / seconds).toFixed(1)} seeds/s`,
      `${timesReal.toFixed(0)} times real time`,
      `${this.#tasks} tasks, ${this.#steps} steps`,
    ].join(' · ');
  }
}
