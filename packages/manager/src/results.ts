import { limits, type Message, outcomes } from '@millrace/protocol';
import type { Engine, Finished, OutcomeAnswer } from './engine/engine.ts';
import type { Peer } from './peer.ts';
import { refuseIfTooMany } from './too-many.ts';
import type { Wait, Waits } from './waits.ts';

interface ResultWait {
  readonly peer: Peer;
  readonly requestId: number;
  readonly taskId: string;
  readonly wait: Wait;
  /** Ends it; its place in `peer.waiting`, which a resent request with the same id takes over. */
  readonly withdraw: () => void;
}

/** What AWAIT_OUTCOME asks for. */
interface ResultRequest {
  readonly requestId: number;
  readonly taskId: string;
  readonly waitMs: number;
}

const outcomeMessage = (requestId: number, finished: Finished): Message => ({
  verb: 'outcome',
  requestId,
  state: finished.state,
  result: finished.result,
  error: finished.error,
});

const isOutcome = (state: string): boolean => (outcomes as readonly string[]).includes(state);

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
  async wait(peer: Peer, requests: readonly ResultRequest[]): Promise<void> {
    // Waiting begins before the engine is asked, so that no outcome falls between.
    const waiting: ResultWait[] = [];
    for (const request of requests) {
      if (!refuseIfTooMany(peer, request.requestId)) {
        waiting.push(this.#begin(peer, request));
      }
    }
    await this.#ask(waiting);
  }

  /** Tells everyone who waits for these tasks. */
  deliver(finished: readonly Finished[]): void {
    for (const task of finished) {
      for (const waiting of this.#byTask.get(task.taskId) ?? []) {
        this.#answer(waiting, task);
      }
    }
  }

  async #ask(waiting: readonly ResultWait[]): Promise<void> {
    const answers = await this.#engine.outcomes(waiting.map(({ taskId }) => taskId));
    for (const [index, waits] of waiting.entries()) {
      const answer = answers[index];
      if (answer !== undefined && this.#isOpen(waits)) {
        this.#answer(waits, answer);
      }
    }
  }

  #begin(peer: Peer, request: ResultRequest): ResultWait {
    const { requestId, taskId } = request;
    const waitMs = Math.min(request.waitMs, limits.waitSliceMs);
    const waiting: ResultWait = {
      peer,
      requestId,
      taskId,
      wait: this.#waits.add(waitMs, () => void this.#sliceOver(waiting)),
      withdraw: () => this.#end(waiting),
    };
    const others = this.#byTask.get(taskId);
    if (others === undefined) {
      this.#byTask.set(taskId, new Set([waiting]));
    } else {
      others.add(waiting);
    }
    peer.waiting.set(requestId, waiting.withdraw);
    return waiting;
  }

  #isOpen({ peer, requestId, withdraw }: ResultWait): boolean {
    return peer.waiting.get(requestId) === withdraw;
  }

  #answer(waiting: ResultWait, answer: OutcomeAnswer): void {
    const { peer, requestId, taskId } = waiting;
    if (answer === 'UNKNOWN_TASK' || answer === 'RESULT_REMOVED') {
      const message = `${errors[answer]}: ${taskId}`;
      this.#end(waiting);
      peer.send({ verb: 'error', requestId, code: answer, message });
    } else if (!('result' in answer)) {
      return;
    } else if (peer.isCongested) {
      // The result stays in the store until there is room for it on the way.
      peer.onceDrained(() => void this.#ask([waiting]).catch(() => {}));
    } else {
      this.#end(waiting);
      peer.send(outcomeMessage(requestId, answer));
    }
  }

  async #sliceOver(waiting: ResultWait): Promise<void> {
    const { peer, requestId, taskId } = waiting;
    const info = await this.#engine.inspect(taskId).catch(() => 'UNKNOWN_TASK' as const);
    if (!this.#isOpen(waiting)) {
      return;
    }
    this.#end(waiting);
    const state = info === 'UNKNOWN_TASK' || isOutcome(info.state) ? 'leased' : info.state;
    peer.send({ verb: 'outcome', requestId, state, result: undefined, error: undefined });
  }

  #end(waiting: ResultWait): void {
    const { peer, requestId, taskId, wait } = waiting;
    this.#waits.remove(wait);
    if (this.#isOpen(waiting)) {
      peer.waiting.delete(requestId);
    }
    const others = this.#byTask.get(taskId);
    if (others?.delete(waiting) && others.size === 0) {
      this.#byTask.delete(taskId);
    }
  }
}
