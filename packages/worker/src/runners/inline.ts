import { TurnoverMap } from '@millrace/protocol';
import { Attempt, deadlineOf } from '../attempt/attempt.ts';
import { runHandler } from '../attempt/run-handler.ts';
import type { Assignment, Run, RunEnd, Runner } from '../attempt/runner.ts';
import type { HandlerTable } from '../handlers/handler-table.ts';

/**
 * Runs handlers on the event loop of the worker; meant for code that mostly waits.
 * A handler cannot be killed: one that ignores its signal keeps its slot.
 */
export class InlineRunner implements Runner {
  readonly kind = 'inline';
  readonly slots: number;
  readonly liveSlots = 0;
  readonly #handlers: HandlerTable;
  readonly #open = new TurnoverMap<Run, Promise<RunEnd>>();

  constructor(handlers: HandlerTable, slots: number) {
    this.#handlers = handlers;
    this.slots = slots;
  }

  async start(): Promise<void> {}

  run(assignment: Assignment): Run {
    const attempt = new Attempt(assignment, deadlineOf(assignment));
    const ended = runHandler(this.#handlers, assignment, attempt);
    const run: Run = {
      begun: undefined,
      ended,
      abort: (reason) => attempt.abort(reason),
      kill: () => false,
    };
    if (ended instanceof Promise) {
      this.#open.set(run, ended);
      void ended.then(() => this.#open.delete(run));
    }
    return run;
  }

  /** Aborts running handlers and waits until they settle; callers bound the wait. */
  async close(): Promise<void> {
    for (const [run] of this.#open.entries()) {
      run.abort('drain');
    }
    await Promise.all(this.#open.values());
  }
}
