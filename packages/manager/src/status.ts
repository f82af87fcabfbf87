import type { Clock, QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import type { Engine, QueueReport } from './engine/engine.ts';
import { Rates } from './rates.ts';
import type { PeerSession } from './session.ts';

const SAMPLE_MS = 1_000;
const SAMPLES_PER_REPORT = 5;

const queueStatus = (queue: QueueReport, rates: Rates): QueueStatus => ({
  name: queue.name,
  ready: queue.size.ready,
  running: queue.size.leased,
  scheduled: queue.size.scheduled,
  bytes: queue.size.bytes,
  maxItems: queue.maxItems,
  ...rates.of(queue.name),
  ...queue.totals,
});

const workerStatus = (session: PeerSession, nowMs: number): WorkerStatus => {
  const pulse = session.main?.pulse;
  const heard = [session.main, ...session.lanes].map((c) => c?.pulse.heardAtMs ?? 0);
  const { host, name, pid } = session.description;
  return {
    name,
    host,
    pid,
    slots: pulse?.report?.slots ?? 0,
    busySlots: pulse?.report?.busySlots ?? 0,
    processHeardMsAgo: Math.round(nowMs - Math.max(...heard)),
    loopHeardMsAgo: pulse === undefined ? null : Math.round(nowMs - pulse.heardAtMs),
    roundTripMs: pulse?.roundTripMs ?? null,
    loopLagMs: pulse?.report?.loopLagMs ?? null,
    rssBytes: pulse?.report?.rssBytes ?? null,
  };
};

/** The manager's own account, from its own state: nobody is asked. */
export class StatusDesk {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #sessions: () => Iterable<PeerSession>;
  readonly #facts: { readonly version: string; readonly url: () => string };
  readonly #rates = new Rates();
  readonly #startedAtMs: number;
  #samples = 0;
  #stopSampling = (): void => {};

  constructor(
    engine: Engine,
    clock: Clock,
    sessions: () => Iterable<PeerSession>,
    facts: { readonly version: string; readonly url: () => string },
  ) {
    this.#engine = engine;
    this.#clock = clock;
    this.#sessions = sessions;
    this.#facts = facts;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Samples rates, and asks workers for their reports now and then, busy or not. */
  start(): void {
    this.#rates.sample(this.#engine.report().queues, this.#clock.monotonicMs());
    this.#samples += 1;
    if (this.#samples % SAMPLES_PER_REPORT === 0) {
      for (const session of this.#sessions()) {
        session.main?.ping();
      }
    }
    this.#stopSampling = this.#clock.after(SAMPLE_MS, () => this.start());
  }

  stop(): void {
    this.#stopSampling();
  }

  document(): Status {
    const nowMs = this.#clock.monotonicMs();
    const report = this.#engine.report();
    const sessions = [...this.#sessions()];
    return {
      version: this.#facts.version,
      url: this.#facts.url(),
      pid: process.pid,
      epoch: report.epoch,
      uptimeMs: Math.round(nowMs - this.#startedAtMs),
      store: {
        kind: report.store,
        bytes: report.storeBytes,
        freeBytes: report.freeBytes,
        commitMs: report.commitMs,
      },
      clients: sessions.filter((session) => session.role === 'client').length,
      queues: report.queues.map((queue) => queueStatus(queue, this.#rates)),
      workers: sessions
        .filter((session) => session.role === 'worker')
        .map((session) => workerStatus(session, nowMs)),
    };
  }
}
