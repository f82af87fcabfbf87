import { Worker as Thread } from 'node:worker_threads';
import type { AuthKey, SessionMessage } from '@millrace/protocol';
import type { Assignment } from '../attempt/runner.ts';
import type { LoopWatch } from '../pulling/puller.ts';
import { tuning } from '../tuning.ts';
import { type Blocking, exposeBlocking } from './blocking.ts';
import type { HeartbeatTarget } from './heartbeat-link.ts';
import { Pulse } from './pulse.ts';
import { listenedSignals } from './stop-signals.ts';

/** What the thread is started with. */
export interface ThreadData {
  readonly pulseBuffer: SharedArrayBuffer;
  readonly drainMs: number;
  readonly killGraceMs: number;
  /** Name of the worker, for the log. */
  readonly worker: string;
}

/** Sent by the thread: the event loop was silent for this long. */
export interface LoopResumed extends Blocking {
  readonly silentMs: number;
}

export interface HeartbeatThreadOptions extends Omit<ThreadData, 'pulseBuffer'> {
  readonly resumed: (blocked: LoopResumed) => void;
}

/**
 * A thread that keeps the heartbeat connection, a second connection of the
 * worker's session. It answers PINGs while an inline handler blocks the main
 * event loop; the session lives as long as either connection answers. It also
 * watches the loop: see `Watchdog`.
 */
export class HeartbeatThread implements LoopWatch {
  readonly #thread: Thread;
  readonly #pulse = new Pulse();
  #stopBeating: () => void = () => {};
  /**
   * Resolves when the thread runs, or has failed. Its start needs the event loop of the
   * main thread, so no handler may be called before.
   */
  readonly ready: Promise<void>;

  constructor({ resumed, ...data }: HeartbeatThreadOptions) {
    this.#pulse.begin();
    exposeBlocking();
    const workerData: ThreadData = { ...data, pulseBuffer: this.#pulse.buffer };
    this.#thread = new Thread(new URL('./heartbeat-main.js', import.meta.url), {
      workerData,
      // For `stop-signals.ts`, whose module warns that it is internal.
      execArgv: ['--expose-internals', '--no-warnings'],
    });
    this.#thread.unref();
    // Without this thread the worker still works, but a blocked event loop ends its session.
    this.#thread.on('error', () => {});
    this.#thread.on('message', (message: LoopResumed | 'ready') => {
      if (message !== 'ready') {
        resumed(message);
      }
    });
    this.ready = new Promise((resolve) => {
      this.#thread.once('message', () => resolve());
      this.#thread.once('exit', () => resolve());
    });
  }

  /** @param lastEndInMs time left until the last deadline among the running attempts */
  beat(lastEndInMs: () => number): void {
    const once = (): void => this.#pulse.beat(lastEndInMs(), listenedSignals());
    once();
    const timer = setInterval(once, tuning.beatEveryMs).unref();
    this.#stopBeating = () => clearInterval(timer);
  }

  /** A stop was begun, which ends within `ms`. */
  stopsIn(ms: number): void {
    this.#pulse.stopsIn(ms);
  }

  enters(assignment: Assignment, isInline: boolean): void {
    this.#pulse.enters(assignment, isInline);
  }

  leaves(): void {
    this.#pulse.leaves();
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
    this.#stopBeating();
    await this.#thread.terminate();
  }
}
