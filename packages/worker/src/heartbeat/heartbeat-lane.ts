import { Worker as Thread } from 'node:worker_threads';
import type { AuthKey, SessionMessage } from '@millrace/protocol';

/** What the lane's thread needs to attach to a session. */
export interface LaneTarget {
  readonly url: string;
  readonly keyId: string;
  readonly secret: Uint8Array;
  readonly sessionId: string;
  readonly ticket: Uint8Array;
}

/**
 * A thread with a connection of its own, which answers heartbeats while an
 * inline handler blocks the main loop: the session lives while either does.
 */
export class HeartbeatLane {
  readonly #thread: Thread;

  constructor() {
    this.#thread = new Thread(new URL('./heartbeat-main.js', import.meta.url));
    this.#thread.unref();
    // Without the lane a worker works as before; only a blocked loop costs it its session.
    this.#thread.on('error', () => {});
  }

  /** Attaches to a session, or to its newest ticket. */
  follow(url: string, key: AuthKey, session: SessionMessage): void {
    const target: LaneTarget = {
      url,
      keyId: key.keyId,
      secret: Uint8Array.from(key.secret),
      sessionId: session.sessionId,
      ticket: Uint8Array.from(session.ticket),
    };
    this.#thread.postMessage(target, []);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
