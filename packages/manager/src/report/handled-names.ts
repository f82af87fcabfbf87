import { laneKeyOf } from '../engine/core/handles.ts';
import type { PeerSession } from '../peers/session.ts';

/** The handles of all connected workers. */
export class HandledNames {
  readonly #laneKeys = new Set<string>();
  readonly #workers = new Map<string, Set<string>>();

  constructor(workers: readonly PeerSession[]) {
    for (const { handles, sessionId } of workers) {
      for (const { name, queue } of handles) {
        this.#laneKeys.add(laneKeyOf(queue, name));
        const workersOfQueue = this.#workers.get(queue) ?? new Set();
        this.#workers.set(queue, workersOfQueue.add(sessionId));
      }
    }
  }

  has(queue: string, name: string): boolean {
    return this.#laneKeys.has(laneKeyOf(queue, name));
  }

  workersOf(queue: string): number {
    return this.#workers.get(queue)?.size ?? 0;
  }
}
