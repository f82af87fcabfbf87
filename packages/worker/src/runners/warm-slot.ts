import { MillraceError } from '@millrace/protocol';
import type { AbortReason, RunEnd } from '../attempt/runner.ts';
import { statedError } from '../attempt/task-error.ts';
import type { RunnerKind } from '../handlers/handler.ts';
import { tuning } from '../tuning.ts';
import { deferred } from './deferred.ts';
import type { PoolRun, RunPlace } from './pool-run.ts';
import type { FromSlot, Slot, StartSlot } from './slot.ts';

/** Events of a slot, for its pool. */
export interface WarmSlotOwner {
  /** The slot can take a run: it became ready, or its run has ended. */
  onFree(slot: WarmSlot): void;
  /** The slot has ended. `why` is its fault with the handler module, or else how it ended. */
  onGone(slot: WarmSlot, why: string): void;
}

/** A thread or process of a pool, from start to end, with its current run. */
export class WarmSlot implements RunPlace {
  readonly #kind: RunnerKind;
  readonly #owner: WarmSlotOwner;
  readonly #slot: Slot;
  readonly #ready = deferred<void>();
  readonly #gone = deferred<void>();
  #run: PoolRun | undefined;
  /** The end of the run, if it was answered while the slot was being killed. */
  #lastWord: RunEnd | undefined;
  /** The slot's fault with the handler module, if it refused the module. */
  #refusal: string | undefined;
  #isKilled = false;
  #hasServed = false;

  constructor(kind: RunnerKind, moduleUrl: string, startSlot: StartSlot, owner: WarmSlotOwner) {
    this.#kind = kind;
    this.#owner = owner;
    this.#ready.promise.catch(() => {});
    this.#slot = startSlot(moduleUrl, {
      onMessage: (message) => this.#onMessage(message),
      onExit: (how) => this.#onExit(how),
    });
  }

  /** Rejects with the slot's refusal of the handler module, or with RUNNER_DIED. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when no code of the slot can run any more. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Whether the slot ever got a run. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Callers give a run only to a free slot. */
  give(run: PoolRun): void {
    this.#hasServed = true;
    this.#run = run;
    this.#slot.send(run.enter(this));
  }

  abort(runId: number, reason: AbortReason): void {
    this.#slot.send({ type: 'millrace:abort', runId, reason });
  }

  kill(withinMs: number = tuning.termToKillMs): void {
    this.#isKilled = true;
    this.#slot.kill(withinMs);
  }

  #onMessage(message: FromSlot): void {
    switch (message.type) {
      case 'millrace:ready':
        this.#ready.resolve();
        this.#becomeFree();
        break;
      case 'millrace:refused':
        this.#refusal = message.message;
        this.#ready.reject(new MillraceError(message.code, message.message));
        this.kill();
        break;
      case 'millrace:ended':
        this.#onRunEnded(message.runId, message.end);
        break;
    }
  }

  /** While the slot is being killed its handler may still act, so the run ends with the slot. */
  #onRunEnded(runId: number, end: RunEnd): void {
    const run = this.#run;
    if (run?.runId !== runId) {
      return;
    }
    if (this.#isKilled) {
      this.#lastWord = end;
      return;
    }
    this.#run = undefined;
    run.settle(end);
    this.#becomeFree();
  }

  #becomeFree(): void {
    if (!this.#isKilled) {
      this.#owner.onFree(this);
    }
  }

  #onExit(how: string): void {
    const ending = `the ${this.#kind} that ran the task ended: ${how}`;
    this.#ready.reject(
      new MillraceError('RUNNER_DIED', `a ${this.#kind} ended before it was ready: ${how}`),
    );
    this.#run?.settle(
      this.#lastWord ?? { kind: 'died', error: statedError('RUNNER_DIED', ending) },
    );
    this.#run = undefined;
    this.#gone.resolve();
    this.#owner.onGone(this, this.#refusal ?? how);
  }
}
