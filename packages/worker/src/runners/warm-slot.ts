import { MillraceError } from '@millrace/protocol';
import type { AbortReason, RunEnd } from '../attempt/runner.ts';
import { statedError } from '../attempt/task-error.ts';
import type { RunnerKind } from '../handlers/handler.ts';
import { deferred } from './deferred.ts';
import type { PoolRun, RunPlace } from './pool-run.ts';
import type { FromSlot, Slot, StartSlot } from './slot.ts';

/** What a slot tells its pool about itself. */
export interface WarmSlotOwner {
  /** It can take a run: it became ready, or its run ended. */
  onFree(slot: WarmSlot): void;
  /** It is no more. `why` is what it said of the handler module, or how it ended. */
  onGone(slot: WarmSlot, why: string): void;
}

/** A thread or process of a pool, from its start to its end, and the run that is in it. */
export class WarmSlot implements RunPlace {
  readonly #kind: RunnerKind;
  readonly #owner: WarmSlotOwner;
  readonly #slot: Slot;
  readonly #ready = deferred<void>();
  readonly #gone = deferred<void>();
  #run: PoolRun | undefined;
  /** What the run ended with, when it answered although it is being killed. */
  #lastWord: RunEnd | undefined;
  /** What it said of the handler module, when it could not serve it. */
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

  /** Rejects with what the slot said of the handler module, or with RUNNER_DIED. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when nothing of it can act any more. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Whether it was ever given a run. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Must only be called on a free slot. */
  give(run: PoolRun): void {
    this.#hasServed = true;
    this.#run = run;
    this.#slot.send(run.enter(this));
  }

  abort(runId: number, reason: AbortReason): void {
    this.#slot.send({ type: 'millrace:abort', runId, reason });
  }

  kill(): void {
    this.#isKilled = true;
    this.#slot.kill();
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

  /** A handler that is being killed may act until its slot is gone, whatever it answers. */
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
      new MillraceError('RUNNER_DIED', `a ${this.#kind} ended at its start: ${how}`),
    );
    this.#run?.settle(
      this.#lastWord ?? { kind: 'died', error: statedError('RUNNER_DIED', ending) },
    );
    this.#run = undefined;
    this.#gone.resolve();
    this.#owner.onGone(this, this.#refusal ?? how);
  }
}
