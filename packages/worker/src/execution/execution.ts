import type { Clock, Eventually, TaskError } from '@millrace/protocol';
import type { AbortReason, Assignment, Run, RunEnd, Runner } from '../attempt/runner.ts';
import { deadlineError } from '../attempt/task-error.ts';

/** How an attempt ended; every end that is no other kind is `failed`. */
export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly result: Uint8Array }
  | { readonly kind: 'failed'; readonly error: TaskError }
  | { readonly kind: 'timed-out'; readonly error: TaskError }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'released' };

export type FailedAttempt = Extract<AttemptResult, { readonly error: TaskError }>;

/** One attempt that is under way. */
export interface Execution {
  /**
   * How the attempt ended, known once the handler can no longer act. A promise
   * never rejects.
   */
  readonly finished: Eventually<AttemptResult>;
  /**
   * Aborts the handler's signal, and kills the run if it has not ended `graceMs`
   * later. Does nothing once the attempt has ended.
   *
   * @param graceMs default: the kill grace of the executor
   */
  abort(reason: 'cancelled' | 'drain', graceMs?: number): void;
}

/** An attempt that is over already. */
export const finished = (result: AttemptResult): Execution => ({ finished: result, abort() {} });

/** What the end of a run means. A result counts even if the run was asked to stop. */
const classify = (end: RunEnd, stopped: AbortReason | undefined): AttemptResult => {
  if (end.kind === 'returned') {
    return { kind: 'succeeded', result: end.result };
  }
  switch (stopped) {
    case 'deadline':
      return { kind: 'timed-out', error: deadlineError(end.error) };
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'drain':
      return { kind: 'released' };
    default:
      return { kind: 'failed', error: end.error };
  }
};

/** Stops one run: aborts its signal, then kills it when the grace is over. */
class Stopper {
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

  /** Later calls keep the first reason; the grace that ends first kills the run. */
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

/** One attempt: run, arm the deadline, wait for the end, disarm, classify. */
export const execute = (
  runner: Runner,
  assignment: Assignment,
  killGraceMs: number,
  clock: Clock,
): Execution => {
  const run = runner.run(assignment);
  const { ended } = run;
  if (!(ended instanceof Promise)) {
    return finished(classify(ended, undefined));
  }
  const stopper = new Stopper(run, clock);
  const armDeadline = (): void => stopper.armDeadline(assignment.deadlineMs, killGraceMs);
  // The deadline counts from the slot: a wait for a replacement slot is not the task's fault.
  if (run.begun === undefined) {
    armDeadline();
  } else {
    void run.begun.then(armDeadline);
  }
  return {
    finished: ended.then((end) => {
      stopper.disarm();
      return classify(end, stopper.reason);
    }),
    abort: (reason, graceMs = killGraceMs) => stopper.stop(reason, graceMs),
  };
};
