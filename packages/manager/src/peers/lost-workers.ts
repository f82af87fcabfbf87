import { limits } from '@millrace/protocol';
import type { PeerDescription, PeerSession } from './session.ts';

/** A worker whose connection ended without a goodbye. */
export interface LostWorker {
  readonly sessionId: string;
  readonly description: PeerDescription;
  readonly lostAtMs: number;
  /** Tasks that the worker held. */
  readonly leases: number;
  /** Whether it was asked to end; the request may not have arrived. */
  readonly isDraining: boolean;
}

/** Workers that were lost lately, for the status. */
export class LostWorkers {
  readonly #bySession = new Map<string, LostWorker>();

  note({ description, isDraining, sessionId }: PeerSession, leases: number, nowMs: number): void {
    this.#bySession.delete(sessionId);
    const lostAtMs = nowMs;
    this.#bySession.set(sessionId, { sessionId, description, lostAtMs, leases, isDraining });
    for (const oldest of this.#bySession.keys()) {
      if (this.#bySession.size <= limits.lostWorkersMax) {
        break;
      }
      this.#bySession.delete(oldest);
    }
  }

  /** A worker has come back, or another has taken its name. Answers whether it had been asked to end. */
  cameBack({ description, sessionId }: PeerSession): boolean {
    const isDraining = this.#bySession.get(sessionId)?.isDraining === true;
    this.#bySession.delete(sessionId);
    for (const [lostId, lost] of this.#bySession) {
      if (lost.description.name === description.name) {
        this.#bySession.delete(lostId);
      }
    }
    return isDraining;
  }

  recent(nowMs: number): LostWorker[] {
    for (const [sessionId, { lostAtMs }] of this.#bySession) {
      if (nowMs - lostAtMs > limits.lostWorkerShownMs) {
        this.#bySession.delete(sessionId);
      }
    }
    return [...this.#bySession.values()];
  }
}
