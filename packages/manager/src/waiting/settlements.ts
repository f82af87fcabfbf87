import type { AttemptReport, SettleAnswer } from '../engine/core/verbs/settle.ts';
import type { Engine } from '../engine/engine.ts';
import type { Peer } from './peer.ts';
import type { Results } from './results.ts';
import type { Room } from './room.ts';

/**
 * Settles the reports of peers. Reports that somebody waits for are settled and flushed at
 * once. All others are settled after the claims of the turn, because an idle worker has
 * nothing to do before its next grants.
 */
export class Settlements {
  readonly #engine: Engine;
  readonly #results: Results;
  readonly #room: Room;

  constructor(engine: Engine, results: Results, room: Room) {
    this.#engine = engine;
    this.#results = results;
    this.#room = room;
  }

  /** Resolves with an answer for each report, when they are durable. */
  settle(peer: Peer, reports: readonly AttemptReport[]): Promise<readonly SettleAnswer[]> {
    if (this.#isAwaited(peer, reports)) {
      return this.#settleNow(peer, reports, true);
    }
    return new Promise((resolve, reject) => {
      this.#engine.turn.at('settle', () => {
        const isAwaited = this.#isAwaited(peer, reports);
        this.#settleNow(peer, reports, isAwaited).then(resolve, reject);
      });
    });
  }

  #settleNow(
    { sessionId }: Peer,
    reports: readonly AttemptReport[],
    isAwaited: boolean,
  ): Promise<readonly SettleAnswer[]> {
    const answers = this.#engine.settle({ sessionId, reports });
    if (isAwaited) {
      this.#engine.hurry();
    }
    return answers;
  }

  /**
   * A worker goes on while its reports are unanswered. A peer that acknowledges an item
   * waits for the answer, and others may wait for an outcome, or for room.
   */
  #isAwaited(peer: Peer, reports: readonly AttemptReport[]): boolean {
    return (
      peer.role !== 'worker' ||
      this.#room.isAwaited ||
      reports.some(({ taskId }) => this.#results.isAwaited(taskId))
    );
  }
}
