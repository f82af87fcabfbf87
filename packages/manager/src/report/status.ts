import type { Clock, QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import type { QueueReport } from '../engine/core/queue.ts';
import type { WaitingLane } from '../engine/core/verbs/reports.ts';
import type { Engine } from '../engine/engine.ts';
import type { Reception } from '../peers/reception.ts';
import type { PeerSession } from '../peers/session.ts';
import { tuning } from '../tuning.ts';
import { attention, type Notice, type SilentLoop, worstOf } from './attention.ts';
import { HandledNames } from './handled-names.ts';
import { Rates } from './rates.ts';

const queueStatus = (
  queue: QueueReport,
  rates: Rates,
  oldestMs: number | undefined,
  workers: number,
): QueueStatus => ({
  name: queue.name,
  isPaused: queue.isPaused,
  ready: queue.size.ready,
  running: queue.size.leased,
  scheduled: queue.size.scheduled,
  retrying: queue.retrying,
  deadKept: queue.deadKept,
  bytes: queue.size.bytes,
  maxItems: queue.maxItems,
  ...rates.of(queue.name),
  oldestWaitingMs: oldestMs ?? null,
  runP95Ms: queue.runP95Ms ?? null,
  workers,
  ...queue.totals,
});

const processHeardAtMs = ({ heartbeatConnections, main }: PeerSession): number =>
  Math.max(
    ...[main, ...heartbeatConnections].map((connection) => connection?.pulse.heardAtMs ?? 0),
  );

const workerStatus = (session: PeerSession, running: number, nowMs: number): WorkerStatus => {
  const pulse = session.main?.pulse;
  const { host, name, pid } = session.description;
  return {
    sessionId: session.sessionId,
    name,
    host,
    pid,
    isDraining: session.isDraining,
    slots: pulse?.report?.slots ?? 0,
    busySlots: pulse?.report?.busySlots ?? 0,
    running,
    processHeardMsAgo: Math.round(nowMs - processHeardAtMs(session)),
    loopHeardMsAgo: pulse === undefined ? null : Math.round(nowMs - pulse.heardAtMs),
    roundTripMs: pulse?.roundTripMs ?? null,
    loopLagMs: pulse?.report?.loopLagMs ?? null,
    rssBytes: pulse?.report?.rssBytes ?? null,
  };
};

/** For each queue the greatest age among its task names. */
const oldestByQueue = (waiting: readonly WaitingLane[]): Map<string, number> => {
  const oldest = new Map<string, number>();
  for (const { oldestMs, queue } of waiting) {
    if (oldestMs !== undefined) {
      oldest.set(queue, Math.max(oldestMs, oldest.get(queue) ?? 0));
    }
  }
  return oldest;
};

/** A status document, and all that needs attention in it. */
interface Look {
  readonly status: Omit<Status, 'attention'>;
  readonly notices: readonly Notice[];
}

/** The manager's own account, from its own state: nobody is asked. */
export class StatusDesk {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #reception: Reception;
  readonly #facts: { readonly version: string; readonly url: () => string };
  readonly #rates = new Rates();
  readonly #startedAtMs: number;
  #samples = 0;
  #stopSampling = (): void => {};
  /** Hears at each sample all that needs attention, once somebody listens. */
  onSample: ((notices: readonly Notice[]) => void) | undefined;

  constructor(
    engine: Engine,
    clock: Clock,
    reception: Reception,
    facts: { readonly version: string; readonly url: () => string },
  ) {
    this.#engine = engine;
    this.#clock = clock;
    this.#reception = reception;
    this.#facts = facts;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Samples rates, and asks workers for their reports now and then, busy or not. */
  start(): void {
    this.#rates.sample(this.#engine.report().queues, this.#clock.monotonicMs());
    this.#samples += 1;
    if (this.#samples % tuning.samplesPerReport === 0) {
      for (const session of this.#reception.sessions.values()) {
        session.main?.ping();
      }
    }
    this.onSample?.(this.#look().notices);
    this.#stopSampling = this.#clock.after(tuning.sampleMs, () => this.start());
  }

  stop(): void {
    this.#stopSampling();
  }

  document(): Status {
    const { notices, status } = this.#look();
    return { ...status, attention: worstOf(notices) };
  }

  #look(): Look {
    const nowMs = this.#clock.monotonicMs();
    const report = this.#engine.report();
    const sessions = [...this.#reception.sessions.values()];
    const workers = sessions.filter((session) => session.role === 'worker');
    const handled = new HandledNames(workers);
    const waiting = this.#engine.waitingLanes();
    const oldest = oldestByQueue(waiting);
    const queues = report.queues.map((queue) =>
      queueStatus(queue, this.#rates, oldest.get(queue.name), handled.workersOf(queue.name)),
    );
    const store = {
      kind: report.store,
      bytes: report.storeBytes,
      freeBytes: report.freeBytes,
      reserveBytes: report.reserveBytes,
      commitMs: report.commitMs,
    };
    const status = {
      version: this.#facts.version,
      url: this.#facts.url(),
      pid: process.pid,
      epoch: report.epoch,
      uptimeMs: Math.round(nowMs - this.#startedAtMs),
      store,
      clients: sessions.length - workers.length,
      queues,
      workers: workers.map((session) =>
        workerStatus(session, this.#engine.leaseCount(session.sessionId), nowMs),
      ),
    };
    const notices = attention({
      nowMs,
      queues,
      waiting,
      isHandled: (queue, name) => handled.has(queue, name),
      silentLoops: workers.flatMap((session) => this.#silentLoop(session, nowMs)),
      lostWorkers: this.#reception.lostWorkers.recent(nowMs),
      lostSessions: this.#engine.lostSessions(),
      store,
    });
    return { status, notices };
  }

  /** A loop that is silent longer than the process around it. */
  #silentLoop(session: PeerSession, nowMs: number): SilentLoop[] {
    const { description, loopHeardAtMs, sessionId } = session;
    if (loopHeardAtMs >= processHeardAtMs(session)) {
      return [];
    }
    return [
      {
        name: description.name,
        silentMs: nowMs - loopHeardAtMs,
        running: this.#engine.leaseCount(sessionId),
        last: this.#engine.lastHeld(sessionId),
      },
    ];
  }
}
