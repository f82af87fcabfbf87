import { abortError, deadlineOf } from '../attempt/attempt.ts';
import type { AbortReason, Assignment, Run, RunEnd } from '../attempt/runner.ts';
import { statedError, taskErrorOf } from '../attempt/task-error.ts';
import { deferred } from './deferred.ts';
import type { RunOrder } from './slot.ts';

/** The slot that a run occupies. */
export interface RunPlace {
  abort(runId: number, reason: AbortReason): void;
  kill(withinMs?: number): void;
}

/** One run of a pool: it waits for a slot, occupies it, and has then ended. */
export class PoolRun implements Run {
  readonly runId: number;
  readonly #assignment: Assignment;
  readonly #begun = deferred<void>();
  readonly #end = deferred<RunEnd>();
  readonly #leaveQueue: (run: PoolRun) => void;
  #place: RunPlace | 'queue' | 'none' = 'queue';

  /** @param leaveQueue called if the run ends before it gets a slot */
  constructor(runId: number, assignment: Assignment, leaveQueue: (run: PoolRun) => void) {
    this.runId = runId;
    this.#assignment = assignment;
    this.#leaveQueue = leaveQueue;
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  get ended(): Promise<RunEnd> {
    return this.#end.promise;
  }

  /** Gives the run its slot; returns the order for the slot. */
  enter(slot: RunPlace): RunOrder {
    this.#place = slot;
    this.#begun.resolve();
    const { runId } = this;
    const assignment = this.#assignment;
    return { type: 'millrace:run', runId, assignment, deadlineAtMs: deadlineOf(assignment) };
  }

  settle(end: RunEnd): void {
    this.#place = 'none';
    this.#end.resolve(end);
  }

  abort(reason: AbortReason): void {
    if (this.#place === 'queue') {
      this.#giveUp({ kind: 'threw', error: taskErrorOf(abortError(reason), true) });
    } else if (this.#place !== 'none') {
      this.#place.abort(this.runId, reason);
    }
  }

  kill(withinMs?: number): boolean {
    if (this.#place === 'queue') {
      const error = statedError('RUNNER_DIED', 'the run was stopped before it got a slot');
      this.#giveUp({ kind: 'died', error });
    } else if (this.#place !== 'none') {
      this.#place.kill(withinMs);
    }
    return true;
  }

  #giveUp(end: RunEnd): void {
    this.#leaveQueue(this);
    this.settle(end);
  }
}
