import { limits, type Message, outcomes, TurnoverMap } from '@millrace/protocol';
import type { Finished } from '../engine/core/committed.ts';
import type { OutcomeAnswer } from '../engine/core/verbs/outcomes.ts';
import type { Engine } from '../engine/engine.ts';
import { beginWaiting, refuseIfTooMany } from './open-requests.ts';
import type { OpenRequest, Peer } from './peer.ts';
import { refuse, refuseUnknownTask } from './refuse.ts';
import type { TimedWait, Waits } from './waits.ts';

/** A request that waits for the outcome of a task until its time is over. */
class ResultWait implements TimedWait, OpenRequest {
  readonly peer: Peer;
  readonly requestId: number;
  readonly taskId: string;
  /** The task as the answer names it. */
  readonly named: string | undefined;
  atMs = 0;
  line: TimedWait['line'];
  before: TimedWait | undefined;
  next: TimedWait | undefined;
  isOpen = true;
  /** Another wait for the same task. */
  other: ResultWait | undefined;
  readonly #results: Results;

  constructor(results: Results, peer: Peer, request: ResultRequest) {
    this.#results = results;
    this.peer = peer;
    this.requestId = request.requestId;
    this.taskId = request.taskId;
    this.named = request.isOther === true ? request.taskId : undefined;
  }

  withdraw(): void {
    this.#results.end(this);
  }

  expire(): void {
    void this.#results.sliceOver(this);
  }
}

/** The wait that an AWAIT_OUTCOME asks for, or an ENQUEUE that awaits its outcome. */
export interface ResultRequest {
  readonly requestId: number;
  readonly taskId: string;
  readonly waitMs: number;
  /** Whether the peer does not know this task yet, because it does the work of the one that was sent. */
  readonly isOther?: boolean;
}

const outcomeMessage = ({ named, requestId }: ResultWait, finished: Finished): Message => ({
  verb: 'outcome',
  requestId,
  state: finished.state,
  result: finished.result,
  error: finished.error,
  taskId: named,
});

const isOutcome = (state: string): boolean => (outcomes as readonly string[]).includes(state);

/** The requests that wait for outcomes. The engine has the outcomes themselves. */
export class Results {
  readonly #engine: Engine;
  readonly #waits: Waits;
  /** The first wait for each task; several are linked. */
  readonly #byTask = new TurnoverMap<string, ResultWait>();

  constructor(engine: Engine, waits: Waits) {
    this.#engine = engine;
    this.#waits = waits;
  }

  /** Answers each request when its task has ended, or with the task's state when the wait ends first. */
  wait(peer: Peer, requests: readonly ResultRequest[]): Promise<void> {
    return this.follow(
      peer,
      requests.filter(({ requestId }) => !refuseIfTooMany(peer, requestId)),
    );
  }

  /** Like `wait`, but never refuses: the tasks of these requests were accepted just now. */
  follow(peer: Peer, requests: readonly ResultRequest[]): Promise<void> {
    // Waiting begins before the engine is asked, so that no outcome is missed.
    return this.#ask(requests.map((request) => this.#begin(peer, request)));
  }

  /** Whether a request waits for the outcome of this task. */
  isAwaited(taskId: string): boolean {
    return this.#byTask.has(taskId);
  }

  /** Answers all requests that wait for these tasks. */
  deliver(finished: readonly Finished[]): void {
    for (const task of finished) {
      let waiting = this.#byTask.get(task.taskId);
      while (waiting !== undefined) {
        const { other } = waiting;
        this.#answer(waiting, task);
        waiting = other;
      }
    }
  }

  async #ask(waiting: readonly ResultWait[]): Promise<void> {
    const answers = await this.#engine.outcomes(waiting.map(({ taskId }) => taskId));
    for (const [index, wait] of waiting.entries()) {
      const answer = answers[index];
      if (answer !== undefined && wait.isOpen) {
        this.#answer(wait, answer);
      }
    }
  }

  #begin(peer: Peer, request: ResultRequest): ResultWait {
    const { requestId, taskId } = request;
    const waiting = new ResultWait(this, peer, request);
    beginWaiting(peer, requestId, waiting);
    this.#waits.add(waiting, Math.min(request.waitMs, limits.waitSliceMs));
    waiting.other = this.#byTask.get(taskId);
    this.#byTask.set(taskId, waiting);
    return waiting;
  }

  #answer(waiting: ResultWait, answer: OutcomeAnswer): void {
    const { peer, requestId, taskId } = waiting;
    if (answer === 'UNKNOWN_TASK') {
      this.end(waiting);
      refuseUnknownTask(peer, requestId, taskId);
    } else if (answer === 'RESULT_REMOVED') {
      this.end(waiting);
      refuse(peer, requestId, answer, `task ${taskId} has ended, and its result is no longer kept`);
    } else if (!('result' in answer)) {
      return;
    } else if (peer.isCongested) {
      // The engine is asked again when the peer has room, so that no result waits in memory.
      peer.onceDrained(() => void this.#ask([waiting]).catch(() => {}));
    } else {
      this.end(waiting);
      peer.send(outcomeMessage(waiting, answer));
    }
  }

  /**
   * Answers a wait whose time is over with the state of the task. The answer carries no
   * outcome, so it says `leased` in place of a final state, and the peer asks again.
   */
  async sliceOver(waiting: ResultWait): Promise<void> {
    const { named, peer, requestId, taskId } = waiting;
    const info = await this.#engine.inspect(taskId).catch(() => 'UNKNOWN_TASK' as const);
    if (!waiting.isOpen) {
      return;
    }
    this.end(waiting);
    const state = info === 'UNKNOWN_TASK' || isOutcome(info.state) ? 'leased' : info.state;
    const nothing = { result: undefined, error: undefined };
    peer.send({ verb: 'outcome', requestId, state, ...nothing, taskId: named });
  }

  /** A wait was answered or withdrawn. */
  end(waiting: ResultWait): void {
    if (waiting.isOpen) {
      waiting.isOpen = false;
      this.#waits.remove(waiting);
      waiting.peer.openRequests.delete(waiting.requestId);
      this.#unlink(waiting);
    }
  }

  #unlink(waiting: ResultWait): void {
    const { other, taskId } = waiting;
    let before = this.#byTask.get(taskId);
    if (before === waiting) {
      if (other === undefined) {
        this.#byTask.delete(taskId);
      } else {
        this.#byTask.set(taskId, other);
      }
      return;
    }
    while (before !== undefined && before.other !== waiting) {
      before = before.other;
    }
    if (before !== undefined) {
      before.other = other;
    }
  }
}
