import type { RunReport } from './run-seed.ts';

const BAR_CHARS = 24;
const REDRAW_MS = 250;
/** The interval of lines without a terminal. */
const LINE_EVERY_MS = 60_000;

/** Shows the progress of a campaign: a bar on a terminal, otherwise a line a minute, and a line at the end. */
export class Progress {
  readonly #count: number;
  readonly #startedAtMs = performance.now();
  #toldAtMs = this.#startedAtMs;
  #seeds = 0;
  #tasks = 0;
  #steps = 0;
  #simulatedMs = 0;
  #cutMessages = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAtMs) / 1_000;
  }

  ran({ cutMessages, plan, simulatedMs, steps, verdict }: RunReport): void {
    this.#seeds += 1;
    this.#tasks += verdict.tasks;
    this.#steps += steps;
    this.#simulatedMs += simulatedMs;
    this.#cutMessages += cutMessages;
    const { isTTY } = process.stdout;
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs > (isTTY ? REDRAW_MS : LINE_EVERY_MS)) {
      this.#toldAtMs = nowMs;
      process.stdout.write(
        isTTY ? `\r${this.#bar()} ${this.#line()}\u001B[K` : `seed ${plan.seed}: ${this.#line()}\n`,
      );
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

  #bar(): string {
    const done = Math.round((BAR_CHARS * this.#seeds) / this.#count);
    return '█'.repeat(done) + '░'.repeat(Math.max(0, BAR_CHARS - done));
  }

  #line(): string {
    const { seconds } = this;
    const timesReal = this.#simulatedMs / 1_000 / seconds;
    return [
      `${this.#seeds} of ${this.#count} seeds in ${seconds.toFixed(0)} s`,
      `${(this.#seeds / seconds).toFixed(1)} seeds/s`,
      `${timesReal.toFixed(0)} times real time`,
      `${this.#tasks} tasks, ${this.#steps} steps, ${this.#cutMessages} messages cut between parts`,
    ].join(' · ');
  }
}
