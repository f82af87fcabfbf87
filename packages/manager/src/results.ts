import { limits, type Message } from '@millrace/protocol';
import type { Engine, Finished, OutcomeAnswer } from './engine/engine.ts';
import type { Peer } from './peer.ts';
import type { Wait, Waits } from './waits.ts';

interface ResultWait {
  readonly peer: Peer;
  readonly requestId: number;
  readonly wait: Wait;
}

const outcomeMessage = (requestId: number, finished: Finished): Message => ({
  verb: 'outcome',
  requestId,
  state: finished.state,
  result: finished.result,
  error: finished.error,
});

const errors = {
  UNKNOWN_TASK: 'no task with this id, or it was removed',
  RESULT_REMOVED: 'the task ended, and its result is no longer kept',
} as const;

/** Who waits for the outcome of which task. Outcomes themselves are the engine's. */
export class Results {
  readonly #engine: Engine;
  readonly #waits: Waits;
  readonly #byTask = new Map<string, Set<ResultWait>>();

  constructor(engine: Engine, waits: Waits) {
    this.#engine = engine;
    this.#waits = waits;
  }

  /** Answers as soon as the task has ended, or with its state when the slice is over. */
  async wait(
    peer: Peer,
    requests: readonly {
      readonly requestId: number;
      readonly taskId: string;
      readonly waitMs: number;
    }[],
  ): Promise<void> {
    // Waiting begins before the engine is asked, so that no outcome falls between.
    const waiting = requests.map((request) => this.#begin(peer, request));
    const answers = await this.#engine.outcomes(requests.map((request) => request.taskId));
    for (const [index, answer] of answers.entries()) {
      this.#answer(waiting[index] as ResultWait, requests[index]?.taskId ?? '', answer);
    }
  }

  /** Tells everyone who waits for these tasks. */
  deliver(finished: readonly Finished[]): void {
    for (const task of finished) {
      for (const waiting of this.#byTask.get(task.taskId) ?? []) {
        waiting.peer.send(outcomeMessage(waiting.requestId, task));
        this.#end(waiting, task.taskId);
      }
    }
  }

  #begin(
    peer: Peer,
    request: { readonly requestId: number; readonly taskId: string; readonly waitMs: number },
  ): ResultWait {
    const { requestId, taskId } = request;
    const waitMs = Math.min(request.waitMs, limits.waitSliceMs);
    const wait = this.#waits.add(waitMs, () => void this.#sliceOver(waiting, taskId));
    const waiting: ResultWait = { peer, requestId, wait };
    const others = this.#byTask.get(taskId);
    if (others === undefined) {
      this.#byTask.set(taskId, new Set([waiting]));
    } else {
      others.add(waiting);
    }
    peer.waiting.set(requestId, () => this.#end(waiting, taskId));
    return waiting;
  }

  #isOpen(waiting: ResultWait): boolean {
    return waiting.peer.waiting.has(waiting.requestId);
  }

  #answer(waiting: ResultWait, taskId: string, answer: OutcomeAnswer): void {
    if (!this.#isOpen(waiting)) {
      return;
    }
    const { peer, requestId } = waiting;
    if (answer === 'UNKNOWN_TASK' || answer === 'RESULT_REMOVED') {
      peer.send({
        verb: 'error',
        requestId,
        code: answer,
        message: `${errors[answer]}: ${taskId}`,
      });
      this.#end(waiting, taskId);
    } else if ('result' in answer) {
      peer.send(outcomeMessage(requestId, answer));
      this.#end(waiting, taskId);
    }
  }

  async #sliceOver(waiting: ResultWait, taskId: string): Promise<void> {
    const info = await this.#engine.inspect(taskId).catch(() => 'UNKNOWN_TASK' as const);
    if (!this.#isOpen(waiting)) {
      return;
    }
    this.#end(waiting, taskId);
    const state = info === 'UNKNOWN_TASK' ? 'ready' : info.state;
    const { peer, requestId } = waiting;
    peer.send({ verb: 'outcome', requestId, state, result: undefined, error: undefined });
  }

  #end(waiting: ResultWait, taskId: string): void {
    this.#waits.remove(waiting.wait);
    waiting.peer.waiting.delete(waiting.requestId);
    const others = this.#byTask.get(taskId);
    if (others?.delete(waiting) && others.size === 0) {
      this.#byTask.delete(taskId);
    }
  }
}
