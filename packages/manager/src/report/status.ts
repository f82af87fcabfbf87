import type { Cancel, Clock, Status } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import type { Admission } from '../peers/admission.ts';
import type { Reception } from '../peers/reception.ts';
import { tuning } from '../tuning.ts';
import { VERSION } from '../version.ts';
import { attention, type Notice, worstOf } from './attention.ts';
import { HandledNames } from './handled-names.ts';
import { queueStatuses } from './queue-status.ts';
import { Rates } from './rates.ts';
import { silentLoops, workerStatus } from './worker-status.ts';

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

/** Makes the status of the manager from what the manager knows; no peer is asked for it. */
export class StatusDesk {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #sources: StatusSources;
  readonly #rates = new Rates();
  readonly #startedAtMs: number;
  #samples = 0;
  #stopSampling: Cancel = () => {};
  /** Called at each sample with everything that needs attention. */
  onSample: ((notices: readonly Notice[]) => void) | undefined;

  constructor(sources: StatusSources) {
    this.#sources = sources;
    this.#engine = sources.engine;
    this.#clock = sources.clock;
    this.#startedAtMs = sources.clock.monotonicMs();
  }

  /** Samples rates at an interval, and now and then asks each worker for its report, so that an idle one reports too. */
  start(): void {
    this.#rates.sample(this.#engine.report().queues, this.#clock.monotonicMs());
    this.#samples += 1;
    if (this.#samples % tuning.samplesPerReport === 0) {
      for (const session of this.#sources.reception.sessions.values()) {
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
    const engine = this.#engine;
    const report = engine.report();
    const sessions = [...this.#sources.reception.sessions.values()];
    const workers = sessions.filter(({ role }) => role === 'worker');
    const handled = new HandledNames(workers);
    const waiting = engine.waitingLanes();
    const queues = queueStatuses(report.queues, waiting, this.#rates, handled);
    const admission = this.#sources.admission.report();
    const store = {
      kind: report.store,
      bytes: report.storeBytes,
      freeBytes: report.freeBytes,
      reserveBytes: report.reserveBytes,
      commitMs: report.commitMs,
    };
    const status = {
      version: VERSION,
      url: this.#sources.url(),
      pid: process.pid,
      epoch: report.epoch,
      uptimeMs: Math.round(nowMs - this.#startedAtMs),
      store,
      clients: sessions.length - workers.length,
      connections: {
        unauthenticated: admission.waiting,
        evicted: admission.evicted,
        refused: admission.refused,
      },
      queues,
      workers: workers.map((session) => workerStatus(engine, session, nowMs)),
    };
    const notices = attention({
      nowMs,
      queues,
      waiting,
      isHandled: (queue, name) => handled.has(queue, name),
      silentLoops: workers.flatMap((session) => silentLoops(engine, session, nowMs)),
      lostWorkers: this.#sources.reception.lostWorkers.recent(nowMs),
      lostSessions: engine.lostSessions(),
      store,
      crowds: admission.crowds,
    });
    return { status, notices };
  }
}
