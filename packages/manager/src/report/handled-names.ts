import { type Handle, laneKeyOf } from '../engine/core/handles.ts';
import type { PeerSession } from '../peers/session.ts';

/** The handles of all connected workers. */
export class HandledNames {
  readonly #laneKeys = new Set<string>();
  readonly #workers = new Map<string, Set<string>>();

  constructor(workers: readonly PeerSession[]) {
    for (const { handles, sessionId } of workers) {
      for (const handle of handles) {
        const { queue } = handle;
        this.#laneKeys.add(laneKeyOf(handle));
        const workersOfQueue = this.#workers.get(queue) ?? new Set();
        this.#workers.set(queue, workersOfQueue.add(sessionId));
      }
    }
  }

  has(handle: Handle): boolean {
    return this.#laneKeys.has(laneKeyOf(handle));
  }

  workersOf(queue: string): number {
    return this.#workers.get(queue)?.size ?? 0;
  }
}
