import { systemClock } from '@millrace/protocol';
import type { Assignment, Run, Runner } from '../attempt/runner.ts';
import { statedError } from '../attempt/task-error.ts';
import type { RunnerKind } from '../handlers/handler.ts';
import { tuning } from '../tuning.ts';
import { PoolRun } from './pool-run.ts';
import { endingAtWorst, type StartSlot } from './slot.ts';
import { WarmSlot } from './warm-slot.ts';

/**
 * Keeps a fixed number of warm slots. A slot is reused from run to run, and
 * replaced when it dies; a run waits while its slot is being replaced. With `once`
 * no slot is warm: each run gets a new one, at most `slots` at a time.
 */
export class SlotPool implements Runner {
  readonly kind: RunnerKind;
  readonly slots: number;
  readonly #moduleUrl: string;
  readonly #startSlot: StartSlot;
  readonly #isOnce: boolean;
  readonly #live = new Set<WarmSlot>();
  readonly #idle = new Set<WarmSlot>();
  readonly #waiting = new Set<PoolRun>();
  readonly #restarts = new Set<() => void>();
  #lastRunId = 0;
  /** Slots that ended without a run since a slot last got one. */
  #uselessStarts = 0;
  #isClosed = false;

  constructor(
    kind: RunnerKind,
    moduleUrl: string,
    slots: number,
    startSlot: StartSlot,
    use: 'warm' | 'once' = 'warm',
  ) {
    this.kind = kind;
    this.slots = slots;
    this.#moduleUrl = moduleUrl;
    this.#startSlot = endingAtWorst(startSlot);
    this.#isOnce = use === 'once';
  }

  /** A thread is terminated at once. */
  get killMs(): number {
    return this.kind === 'process' ? tuning.termToKillMs : 0;
  }

  get liveSlots(): number {
    return this.#live.size;
  }

  async start(): Promise<void> {
    if (this.#isOnce) {
      return;
    }
    const started = Array.from({ length: this.slots }, () => this.#addSlot());
    try {
      await Promise.all(started.map((slot) => slot.ready));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  run(assignment: Assignment): Run {
    this.#lastRunId += 1;
    const run = new PoolRun(this.#lastRunId, assignment, (left) => this.#waiting.delete(left));
    this.#waiting.add(run);
    if (this.#isClosed) {
      run.kill();
    }
    this.#match();
    this.#addForWaiting();
    return run;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#restarts) {
      cancel();
    }
    for (const run of this.#waiting) {
      run.kill();
    }
    const live = [...this.#live];
    for (const slot of live) {
      slot.kill();
    }
    await Promise.all(live.map((slot) => slot.gone));
  }

  #addSlot(): WarmSlot {
    const slot = new WarmSlot(this.kind, this.#moduleUrl, this.#startSlot, {
      onFree: (free) => this.#onFree(free),
      onGone: (gone, how) => this.#onGone(gone, how),
    });
    this.#live.add(slot);
    return slot;
  }

  #onFree(slot: WarmSlot): void {
    if (this.#isOnce && slot.hasServed) {
      slot.kill();
      return;
    }
    this.#idle.add(slot);
    this.#match();
  }

  /** With `once`, starts a slot for each run that waits. */
  #addForWaiting(): void {
    const isWanted = this.#isOnce && !this.#isClosed && this.#waiting.size > 0;
    if (isWanted && this.#live.size < this.slots && this.#restarts.size === 0) {
      this.#addSlot();
    }
  }

  /** Gives idle slots to the waiting runs, oldest first. */
  #match(): void {
    for (const run of this.#waiting) {
      const [slot] = this.#idle;
      if (slot === undefined) {
        return;
      }
      this.#waiting.delete(run);
      this.#idle.delete(slot);
      this.#uselessStarts = 0;
      slot.give(run);
    }
  }

  #onGone(slot: WarmSlot, how: string): void {
    this.#live.delete(slot);
    this.#idle.delete(slot);
    if (this.#isClosed) {
      return;
    }
    if (slot.hasServed) {
      this.#replace();
    } else {
      this.#onUselessStart(how);
    }
  }

  #replace(): void {
    if (this.#isOnce) {
      this.#addForWaiting();
    } else {
      this.#addSlot();
    }
  }

  /** Fails the oldest waiting run, which must not wait for starts that may never succeed. */
  #onUselessStart(how: string): void {
    const [run] = this.#waiting;
    if (run !== undefined) {
      this.#waiting.delete(run);
      const message = `no ${this.kind} could be started for the task: ${how}`;
      run.settle({ kind: 'died', error: statedError('RUNNER_DIED', message) });
    }
    const delayMs = Math.min(
      tuning.slotRestartMaxMs,
      tuning.slotRestartFirstMs * 2 ** this.#uselessStarts,
    );
    this.#uselessStarts += 1;
    const cancel = systemClock.after(delayMs, () => {
      this.#restarts.delete(cancel);
      this.#replace();
    });
    this.#restarts.add(cancel);
  }
}
