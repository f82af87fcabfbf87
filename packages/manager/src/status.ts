import type { Clock } from '@millrace/protocol';
import type { Engine, QueueReport } from './engine/engine.ts';
import { Rates } from './rates.ts';
import type { PeerSession } from './session.ts';

export interface QueueStatus {
  readonly name: string;
  readonly ready: number;
  readonly running: number;
  readonly scheduled: number;
  readonly bytes: number;
  readonly maxItems: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Since the store was made. */
  readonly enqueued: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Grants beyond a task's first. */
  readonly regranted: number;
  readonly losses: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly slots: number;
  readonly busySlots: number;
  /** Since any byte of its process was received. */
  readonly processHeardMsAgo: number;
  /** Since any byte of its main loop was received; `null` while it has no main connection. */
  readonly loopHeardMsAgo: number | null;
  readonly roundTripMs: number | null;
  readonly loopLagMs: number | null;
  readonly rssBytes: number | null;
}

/** What a manager says of itself. Its shape is stable; fields are only added. */
export interface Status {
  readonly version: string;
  readonly url: string;
  readonly pid: number;
  readonly epoch: number;
  readonly uptimeMs: number;
  readonly store: {
    readonly kind: string;
    readonly bytes: number;
    readonly freeBytes: number;
    readonly commitMs: number;
  };
  readonly clients: number;
  readonly queues: readonly QueueStatus[];
  readonly workers: readonly WorkerStatus[];
}

const SAMPLE_MS = 1_000;

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

  start(): void {
    this.#rates.sample(this.#engine.report().queues, this.#clock.monotonicMs());
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
