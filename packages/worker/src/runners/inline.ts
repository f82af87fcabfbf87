import { Attempt } from '../attempt.ts';
import type { HandlerTable } from '../handler-table.ts';
import { runHandler } from '../run-handler.ts';
import { deadlineOf } from './deadline.ts';
import type { Assignment, Run, Runner } from './runner.ts';

/**
 * Runs handlers on the event loop of the worker: for code that mostly waits.
 * Nothing can be killed here; a handler that ignores its signal keeps its slot.
 */
export class InlineRunner implements Runner {
  readonly kind = 'inline';
  readonly slots: number;
  readonly #handlers: HandlerTable;
  readonly #open = new Set<Run>();

  constructor(handlers: HandlerTable, slots: number) {
    this.#handlers = handlers;
    this.slots = slots;
  }

  async start(): Promise<void> {}

  run(assignment: Assignment): Run {
    const attempt = new Attempt(assignment, deadlineOf(assignment));
    const run: Run = {
      begun: undefined,
      ended: runHandler(this.#handlers, assignment, attempt),
      abort: (reason) => attempt.abort(reason),
      kill: () => false,
    };
    this.#open.add(run);
    void run.ended.then(() => this.#open.delete(run));
    return run;
  }

  /** Asks what runs to stop, and waits for it: the caller bounds the wait. */
  async close(): Promise<void> {
    const open = [...this.#open];
    for (const run of open) {
      run.abort('drain');
    }
    await Promise.all(open.map((run) => run.ended));
  }
}
