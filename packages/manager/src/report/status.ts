import { type Cancel, type Clock, limits, type Status } from '@millrace/protocol';
import type { Engine, EngineReport } from '../engine/engine.ts';
import type { Admission } from '../peers/admission.ts';
import type { Reception } from '../peers/reception.ts';
import { tuning } from '../tuning.ts';
import { VERSION } from '../version.ts';
import { attention, worstOf } from './attention.ts';
import { Deadlocks } from './deadlocks.ts';
import { Deaths } from './deaths.ts';
import { HandledNames } from './handled-names.ts';
import { openFilesMax } from './open-files.ts';
import { queueStatuses } from './queue-status.ts';
import { Rates } from './rates.ts';
import type { Notice } from './wording.ts';
import { handlesMaxOf, lostWorkerStatus, workerFact, workerStatus } from './worker-status.ts';

/** A status document, and everything in it that needs attention. */
interface Look {
  readonly status: Omit<Status, 'attention'>;
  readonly notices: readonly Notice[];
}

/** The parts of a manager that a status is made from. */
export interface StatusSources {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly reception: Reception;
  readonly admission: Admission;
  readonly url: () => string;
}

const storeStatus = (report: EngineReport): Status['store'] => ({
  kind: report.store,
  bytes: report.storeBytes,
  freeBytes: report.freeBytes,
  reserveBytes: report.reserveBytes,
  commitMs: report.commitMs,
});

const schedulesStatus = ({ schedules }: EngineReport): Status['schedules'] => ({
  total: schedules.total,
  paused: schedules.paused,
  delayed: schedules.delayed.size,
});

/** Makes the status of the manager from what the manager knows; no peer is asked for it. */
export class StatusDesk {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #sources: StatusSources;
  readonly #rates = new Rates();
  readonly #deaths = new Deaths();
  readonly #deadlocks: Deadlocks;
  readonly #openFilesMax = openFilesMax();
  readonly #startedAtMs: number;
  #samples = 0;
  #stopSampling: Cancel = () => {};
  /** Called at each sample with everything that needs attention. */
  onSample: ((notices: readonly Notice[]) => void) | undefined;

  constructor(sources: StatusSources) {
    this.#sources = sources;
    this.#engine = sources.engine;
    this.#deadlocks = new Deadlocks(sources.engine);
    this.#clock = sources.clock;
    this.#startedAtMs = sources.clock.monotonicMs();
  }

  /** Samples rates at an interval, and now and then asks each worker for its report, so that an idle one reports too. */
  start(): void {
    const nowMs = this.#clock.monotonicMs();
    const { queues } = this.#engine.report();
    this.#rates.sample(queues, nowMs);
    this.#deaths.sample(queues, nowMs);
    this.#deadlocks.sample(this.#sources.reception.workers, nowMs);
    this.#samples += 1;
    const areAllAsked = this.#samples % tuning.samplesPerReport === 0;
    for (const session of this.#sources.reception.workers) {
      if (areAllAsked) {
        session.main?.ping();
      }
      // Whether a silent loop is blocked is known when its process has been heard since.
      if (areAllAsked || nowMs - session.loopHeardAtMs >= limits.heartbeatIdleMs) {
        for (const connection of session.heartbeatConnections) {
          connection.ping();
        }
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
    const engine = this.#engine;
    const report = engine.report();
    this.#deaths.sample(report.queues, nowMs);
    const { lostWorkers, presence, sessions, workers: present } = this.#sources.reception;
    const workers = [...present];
    const handled = new HandledNames(workers);
    const waiting = engine.waitingLanes();
    const deaths = this.#deaths.lately(nowMs);
    const queues = queueStatuses(report.queues, waiting, this.#rates, handled, deaths);
    const admission = this.#sources.admission.report();
    const store = storeStatus(report);
    const { dismissed, idle, refused: refusedSessions } = presence.report();
    const lost = lostWorkers.recent(nowMs);
    const handlesMax = handlesMaxOf(workers.length);
    const status = {
      version: VERSION,
      url: this.#sources.url(),
      pid: process.pid,
      epoch: report.epoch,
      uptimeMs: Math.round(nowMs - this.#startedAtMs),
      store,
      clients: sessions.size - workers.length,
      connections: {
        unauthenticated: admission.waiting,
        evicted: admission.evicted,
        refused: admission.refused,
        idle,
        dismissed,
        refusedSessions,
      },
      schedules: schedulesStatus(report),
      queues,
      workers: workers.map((session) => workerStatus(engine, session, nowMs, handlesMax)),
      lostWorkers: lost.map((worker) => lostWorkerStatus(worker, nowMs)),
    };
    const notices = attention({
      nowMs,
      queues,
      waiting,
      isHandled: (lane) => handled.has(lane),
      workers: workers.map((session) => workerFact(engine, session, nowMs)),
      deadlocks: this.#deadlocks.find(workers, sessions.values(), waiting, nowMs),
      lostWorkers: lost,
      lostSessions: engine.lostSessions(),
      schedules: report.schedules,
      store,
      crowds: admission.crowds,
      sockets: admission.sockets,
      openFilesMax: this.#openFilesMax,
    });
    return { status, notices };
  }
}
