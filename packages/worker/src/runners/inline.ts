import { type TaskError, TurnoverMap } from '@millrace/protocol';
import { Attempt, deadlineOf } from '../attempt/attempt.ts';
import { runHandler } from '../attempt/run-handler.ts';
import type { AbortReason, Assignment, Run, RunEnd, Runner } from '../attempt/runner.ts';
import { inScope } from '../attempt/scope.ts';
import type { HandlerTable } from '../handlers/handler-table.ts';
import { type Deferred, deferred } from './deferred.ts';

/** A handler under way on the event loop. */
class InlineRun implements Run {
  readonly begun = undefined;
  /** When the handler settles, or when its attempt has failed by an error that nobody caught. */
  readonly ended: Promise<RunEnd>;
  readonly #assignment: Assignment;
  readonly #attempt: Attempt;
  readonly #end: Deferred<RunEnd>;
  #isLost = false;

  constructor(
    assignment: Assignment,
    attempt: Attempt,
    settled: Promise<RunEnd>,
    left: (run: InlineRun) => void,
  ) {
    this.#assignment = assignment;
    this.#attempt = attempt;
    this.#end = deferred<RunEnd>();
    this.ended = this.#end.promise;
    void settled.then((end) => {
      this.#end.resolve(end);
      left(this);
    });
  }

  /** Whether the run was to be killed, which no inline run can be. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Listeners of the signal run in the context of the attempt, so that their errors are its own. */
  abort(reason: AbortReason): void {
    inScope(this.#assignment, () => this.#attempt.abort(reason));
  }

  kill(): boolean {
    this.#isLost = true;
    return false;
  }

  fail(error: TaskError): void {
    this.abort('failed');
    this.#end.resolve({ kind: 'threw', error });
  }
}

const ended = (end: RunEnd): Run => ({
  begun: undefined,
  ended: end,
  abort() {},
  kill: () => false,
  fail() {},
});

/**
 * Runs handlers on the event loop of the worker; meant for code that mostly waits.
 * A handler cannot be killed: one that ignores its signal keeps its slot.
 */
export class InlineRunner implements Runner {
  readonly kind = 'inline';
  readonly slots: number;
  readonly liveSlots = 0;
  readonly killMs = 0;
  readonly #handlers: HandlerTable;
  readonly #open = new TurnoverMap<InlineRun, InlineRun>();

  constructor(handlers: HandlerTable, slots: number) {
    this.#handlers = handlers;
    this.slots = slots;
  }

  async start(): Promise<void> {}

  run(assignment: Assignment): Run {
    const attempt = new Attempt(assignment, deadlineOf(assignment));
    const end = inScope(assignment, () => runHandler(this.#handlers, assignment, attempt));
    if (!(end instanceof Promise)) {
      return ended(end);
    }
    const run = new InlineRun(assignment, attempt, end, (left) => this.#open.delete(left));
    this.#open.set(run, run);
    return run;
  }

  /** Aborts running handlers and waits for those that are not lost; callers bound the wait. */
  async close(): Promise<void> {
    const open = [...this.#open.values()];
    for (const run of open) {
      run.abort('drain');
    }
    await Promise.all(open.filter(({ isLost }) => !isLost).map((run) => run.ended));
  }
}
