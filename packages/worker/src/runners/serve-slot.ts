import { codeOf, messageOf, outputTaken, TurnoverMap } from '@millrace/protocol';
import { Attempt } from '../attempt/attempt.ts';
import { runHandler } from '../attempt/run-handler.ts';
import { inScope } from '../attempt/scope.ts';
import type { HandlerTable } from '../handlers/handler-table.ts';
import { loadHandlers } from '../handlers/load-handlers.ts';
import type { FromSlot, RunOrder, ToSlot } from './slot.ts';

type Answer = (message: FromSlot) => void;

/** The code inside a slot: runs the orders of the pool, with a signal for each run. */
class SlotServer {
  readonly #handlers: HandlerTable;
  readonly #answer: Answer;
  readonly #attempts = new TurnoverMap<number, Attempt>();

  constructor(handlers: HandlerTable, answer: Answer) {
    this.#handlers = handlers;
    this.#answer = answer;
  }

  receive(message: ToSlot): void {
    if (message.type === 'millrace:run') {
      void this.#run(message);
    } else {
      this.#attempts.get(message.runId)?.abort(message.reason);
    }
  }

  async #run({ runId, assignment, deadlineAtMs }: RunOrder): Promise<void> {
    const attempt = new Attempt(assignment, deadlineAtMs);
    this.#attempts.set(runId, attempt);
    const end = await inScope(assignment, () => runHandler(this.#handlers, assignment, attempt));
    this.#attempts.delete(runId);
    // A slot without a run may be ended at any moment, which drops what a pipe has not taken.
    await outputTaken();
    this.#answer({ type: 'millrace:ended', runId, end });
  }
}

/**
 * Loads the handlers of a slot, and answers ready or refused.
 *
 * @returns the function that takes the orders of the pool; `undefined` if refused
 */
export const serveSlot = async (
  moduleUrl: string,
  answer: Answer,
): Promise<((message: ToSlot) => void) | undefined> => {
  try {
    const server = new SlotServer(await loadHandlers(moduleUrl), answer);
    answer({ type: 'millrace:ready' });
    return (message) => server.receive(message);
  } catch (error) {
    const code = codeOf(error) ?? 'HANDLER_INVALID';
    answer({ type: 'millrace:refused', code, message: messageOf(error) });
    return undefined;
  }
};
