import type { Clock, Eventually, TaskError } from '@millrace/protocol';
import type { AbortReason, Assignment, Run, RunEnd, Runner } from '../attempt/runner.ts';
import { deadlineError, statedError } from '../attempt/task-error.ts';
import { deferred } from '../runners/deferred.ts';
import { tuning } from '../tuning.ts';

/** How an attempt ended; every end that is no other kind is `failed`. */
export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly result: Uint8Array }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly waitMs?: number }
  | { readonly kind: 'snoozed'; readonly waitMs: number }
  | { readonly kind: 'timed-out'; readonly error: TaskError }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'released' };

export type FailedAttempt = Extract<AttemptResult, { readonly error: TaskError }>;

/** One attempt that is under way. */
export interface Execution {
  /**
   * How the attempt ended, known once the handler can no longer act, or once a kill
   * has not ended it. A promise never rejects.
   */
  readonly finished: Eventually<AttemptResult>;
  /**
   * For an attempt that a kill has not ended: resolves when the handler has ended,
   * and gives up its slot. Undefined for every other attempt.
   */
  readonly occupied: Promise<unknown> | undefined;
  /**
   * Aborts the handler's signal, and kills the run if it has not ended `graceMs`
   * later. Does nothing once the attempt has ended.
   *
   * @param graceMs default: the kill grace of the executor
   */
  abort(reason: 'cancelled' | 'drain', graceMs?: number): void;
  /** Fails an inline attempt by an error that nothing caught. Does nothing once the attempt has ended. */
  fail(error: TaskError): void;
}

/** An attempt passed its deadline, or is being killed. */
export interface StopStep {
  readonly step: 'deadline' | 'kill';
  readonly assignment: Assignment;
  /** Why the attempt was first asked to stop. */
  readonly reason: AbortReason;
}

export interface ExecuteOptions {
  readonly killGraceMs: number;
  readonly clock: Clock;
  /** Called at the deadline of an attempt, and before it is killed. */
  readonly onStep: (step: StopStep) => void;
}

/** An attempt that is over already. */
export const finished = (result: AttemptResult): Execution => ({
  finished: result,
  occupied: undefined,
  abort() {},
  fail() {},
});

/** What the end of a run means. A result counts even if the run was asked to stop. */
const classify = (end: RunEnd, stopped: AbortReason | undefined): AttemptResult => {
  if (end.kind === 'returned') {
    return { kind: 'succeeded', result: end.result };
  }
  if (end.kind === 'snoozed') {
    return end;
  }
  switch (stopped) {
    case 'deadline':
      return { kind: 'timed-out', error: deadlineError(end.error) };
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'drain':
      return { kind: 'released' };
    default:
      return { ...end, kind: 'failed' };
  }
};

/** The result of an attempt that neither its signal nor a kill has ended. */
const lostResult = (reason: AbortReason): AttemptResult =>
  reason === 'deadline'
    ? {
        kind: 'timed-out',
        error: statedError(
          'DEADLINE_EXCEEDED',
          'no result before the deadline, and the handler goes on although it was to be killed',
        ),
      }
    : classify({ kind: 'died', error: statedError('RUNNER_DIED', 'it goes on') }, reason);

/** One attempt: arms the deadline, stops the run, waits for the end, disarms, classifies. */
class RunningAttempt implements Execution {
  readonly #assignment: Assignment;
  readonly #runner: Runner;
  readonly #run: Run;
  readonly #ended: Promise<RunEnd>;
  readonly #options: ExecuteOptions;
  readonly #timers: (() => void)[] = [];
  readonly #finished = deferred<AttemptResult>();
  #reason: AbortReason | undefined;
  #isLost = false;
  #isOver = false;

  constructor(
    runner: Runner,
    assignment: Assignment,
    run: Run,
    ended: Promise<RunEnd>,
    options: ExecuteOptions,
  ) {
    this.#runner = runner;
    this.#assignment = assignment;
    this.#run = run;
    this.#ended = ended;
    this.#options = options;
    void ended.then((end) => this.#over(end));
  }

  get finished(): Promise<AttemptResult> {
    return this.#finished.promise;
  }

  get occupied(): Promise<unknown> | undefined {
    return this.#isLost ? this.#ended : undefined;
  }

  armDeadline(): void {
    const { deadlineMs } = this.#assignment;
    if (deadlineMs !== null && !this.#isOver) {
      this.#after(deadlineMs, () => this.#stop('deadline', this.#options.killGraceMs));
    }
  }

  abort(reason: 'cancelled' | 'drain', graceMs = this.#options.killGraceMs): void {
    this.#stop(reason, graceMs);
  }

  fail(error: TaskError): void {
    this.#run.fail?.(error);
  }

  #over(end: RunEnd): void {
    this.#isOver = true;
    for (const cancel of this.#timers) {
      cancel();
    }
    this.#finished.resolve(classify(end, this.#reason));
  }

  #after(delayMs: number, run: () => void): void {
    this.#timers.push(this.#options.clock.after(delayMs, run));
  }

  /**
   * Later calls keep the first reason; the grace that ends first kills the run. A kill
   * that takes time begins before the end of the grace, so that the run is gone, and
   * its end reported, before the manager fences the attempt.
   */
  #stop(reason: AbortReason, graceMs: number): void {
    if (this.#isOver) {
      return;
    }
    const killMs = Math.min(this.#runner.killMs, graceMs / 2);
    this.#after(graceMs - killMs, () => this.#kill(killMs));
    if (this.#reason === undefined) {
      this.#reason = reason;
      if (reason === 'deadline') {
        this.#tell('deadline', reason);
      }
      this.#run.abort(reason);
    }
  }

  #kill(killMs: number): void {
    const reason = this.#reason ?? 'cancelled';
    if (this.#run.kill(killMs)) {
      this.#tell('kill', reason);
      this.#after(killMs + tuning.lostAfterKillMs, () => this.#lose(reason));
    } else {
      this.#lose(reason);
    }
  }

  #lose(reason: AbortReason): void {
    this.#isLost = true;
    this.#finished.resolve(lostResult(reason));
  }

  #tell(step: StopStep['step'], reason: AbortReason): void {
    this.#options.onStep({ step, assignment: this.#assignment, reason });
  }
}

/** Starts one attempt. */
export const execute = (
  runner: Runner,
  assignment: Assignment,
  options: ExecuteOptions,
): Execution => {
  const run = runner.run(assignment);
  const { ended } = run;
  if (!(ended instanceof Promise)) {
    return finished(classify(ended, undefined));
  }
  const attempt = new RunningAttempt(runner, assignment, run, ended, options);
  // The deadline counts from the slot: a wait for a replacement slot is not the task's fault.
  if (run.begun === undefined) {
    attempt.armDeadline();
  } else {
    void run.begun.then(() => attempt.armDeadline());
  }
  return attempt;
};
