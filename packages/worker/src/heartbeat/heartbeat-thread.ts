import { Worker as Thread } from 'node:worker_threads';
import type { AuthKey, SessionMessage } from '@millrace/protocol';
import type { HeartbeatTarget } from './heartbeat-link.ts';

/**
 * A thread that keeps the heartbeat connection, a second connection of the
 * worker's session. It answers PINGs while an inline handler blocks the main
 * event loop; the session lives as long as either connection answers.
 */
export class HeartbeatThread {
  readonly #thread: Thread;

  constructor() {
    this.#thread = new Thread(new URL('./heartbeat-main.js', import.meta.url));
    this.#thread.unref();
    // Without this thread the worker still works, but a blocked event loop ends its session.
    this.#thread.on('error', () => {});
  }

  /** Attaches the heartbeat connection to a session, or gives it the session's newest ticket. */
  follow(url: string, key: AuthKey, session: SessionMessage): void {
    const target: HeartbeatTarget = {
      url,
      keyId: key.keyId,
      secret: Uint8Array.from(key.secret),
      sessionId: session.sessionId,
      ticket: Uint8Array.from(session.ticket),
      graceMs: session.graceMs,
    };
    this.#thread.postMessage(target, []);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
