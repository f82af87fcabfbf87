import type { Clock } from '@millrace/protocol';
import type { AbortReason, Run } from '../attempt/runner.ts';

/** Stops one run: first by its signal, then by force when the grace is over. */
export class Stopper {
  readonly #run: Run;
  readonly #clock: Clock;
  readonly #timers: (() => void)[] = [];
  #reason: AbortReason | undefined;
  #isDisarmed = false;

  constructor(run: Run, clock: Clock) {
    this.#run = run;
    this.#clock = clock;
  }

  /** Why the run was first asked to stop. */
  get reason(): AbortReason | undefined {
    return this.#reason;
  }

  armDeadline(deadlineMs: number | null, killGraceMs: number): void {
    if (deadlineMs !== null && !this.#isDisarmed) {
      this.#timers.push(this.#clock.after(deadlineMs, () => this.stop('deadline', killGraceMs)));
    }
  }

  /** The first reason stands; of several graces the one that ends first counts. */
  stop(reason: AbortReason, graceMs: number): void {
    if (this.#isDisarmed) {
      return;
    }
    this.#timers.push(this.#clock.after(graceMs, () => void this.#run.kill()));
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#run.abort(reason);
    }
  }

  disarm(): void {
    this.#isDisarmed = true;
    for (const cancel of this.#timers) {
      cancel();
    }
  }
}
