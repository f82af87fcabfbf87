import type { QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { Counter, Gauge, Registry } from 'prom-client';

const MS_PER_SECOND = 1_000;

/** A figure of each subject, with the name and the help that Prometheus shows. */
interface Figure<T> {
  readonly name: string;
  readonly help: string;
  readonly of: (subject: T) => number | null;
}

const queueGauges: readonly Figure<QueueStatus>[] = [
  {
    name: 'millrace_queue_payload_bytes',
    help: 'Payload bytes of unfinished tasks and items.',
    of: (queue) => queue.bytes,
  },
  {
    name: 'millrace_queue_capacity_tasks',
    help: 'Unfinished tasks and items that the queue may hold.',
    of: (queue) => queue.maxItems,
  },
  {
    name: 'millrace_queue_paused',
    help: '1 while the queue is paused.',
    of: (queue) => Number(queue.isPaused),
  },
  {
    name: 'millrace_queue_dead_kept_tasks',
    help: 'Dead tasks that can still be retried or dropped.',
    of: (queue) => queue.deadKept,
  },
  {
    name: 'millrace_queue_oldest_waiting_seconds',
    help: 'Age of the oldest ready task; absent when no task is ready, or its age is not known.',
    of: ({ oldestWaitingMs }) =>
      oldestWaitingMs === null ? null : oldestWaitingMs / MS_PER_SECOND,
  },
  {
    name: 'millrace_queue_run_p95_seconds',
    help: '95th percentile of the run times of recent attempts; absent before the first.',
    of: ({ runP95Ms }) => (runP95Ms === null ? null : runP95Ms / MS_PER_SECOND),
  },
];

const queueCounters: readonly Figure<QueueStatus>[] = [
  {
    name: 'millrace_queue_enqueued_total',
    help: 'Tasks and items accepted since the store was made.',
    of: (queue) => queue.enqueued,
  },
  {
    name: 'millrace_queue_regranted_total',
    help: 'Grants beyond the first of a task.',
    of: (queue) => queue.regranted,
  },
  {
    name: 'millrace_queue_losses_total',
    help: 'Grants that were lost with their worker.',
    of: (queue) => queue.losses,
  },
];

const workerGauges: readonly Figure<WorkerStatus>[] = [
  {
    name: 'millrace_worker_slots',
    help: 'Tasks that the worker can run at a time.',
    of: (worker) => worker.slots,
  },
  {
    name: 'millrace_worker_busy_slots',
    help: 'Tasks that the worker runs now.',
    of: (worker) => worker.busySlots,
  },
  {
    name: 'millrace_worker_lost_slots',
    help: 'Slots that hold an attempt which does not end although its time is over.',
    of: (worker) => worker.lostSlots,
  },
  {
    name: 'millrace_worker_loop_blocked_seconds',
    help: 'How long its event loop has been blocked; 0 while it is not.',
    of: (worker) => worker.loopBlockedMs / MS_PER_SECOND,
  },
  {
    name: 'millrace_worker_process_heard_seconds',
    help: 'Time since any byte of its process was received.',
    of: (worker) => worker.processHeardMsAgo / MS_PER_SECOND,
  },
  {
    name: 'millrace_worker_loop_heard_seconds',
    help: 'Time since its event loop was heard; absent while it has no main connection.',
    of: ({ loopHeardMsAgo }) => (loopHeardMsAgo === null ? null : loopHeardMsAgo / MS_PER_SECOND),
  },
  {
    name: 'millrace_worker_event_loop_lag_seconds',
    help: 'Longest delay of its event loop since its last report.',
    of: ({ loopLagMs }) => (loopLagMs === null ? null : loopLagMs / MS_PER_SECOND),
  },
  {
    name: 'millrace_worker_resident_memory_bytes',
    help: 'Resident memory of its process.',
    of: (worker) => worker.rssBytes,
  },
];

const managerGauges: readonly Figure<Status>[] = [
  {
    name: 'millrace_uptime_seconds',
    help: 'Time since the manager started.',
    of: (status) => status.uptimeMs / MS_PER_SECOND,
  },
  {
    name: 'millrace_epoch',
    help: 'Starts of a manager on this store, the present one included.',
    of: (status) => status.epoch,
  },
  {
    name: 'millrace_clients',
    help: 'Clients that are connected.',
    of: (status) => status.clients,
  },
  {
    name: 'millrace_idle_clients',
    help: 'Connected clients that have had nothing to say for a while.',
    of: (status) => status.connections.idle,
  },
  {
    name: 'millrace_unauthenticated_connections',
    help: 'Sockets that have not shown a key yet.',
    of: (status) => status.connections.unauthenticated,
  },
  {
    name: 'millrace_workers',
    help: 'Workers that are connected.',
    of: (status) => status.workers.length,
  },
  {
    name: 'millrace_schedules',
    help: 'Schedules, those that are paused included.',
    of: (status) => status.schedules.total,
  },
  {
    name: 'millrace_paused_schedules',
    help: 'Schedules that make no tasks until they are resumed.',
    of: (status) => status.schedules.paused,
  },
  {
    name: 'millrace_delayed_schedules',
    help: 'Schedules whose task could not be added when its tick was due.',
    of: (status) => status.schedules.delayed,
  },
  {
    name: 'millrace_attention',
    help: 'Findings that an operator should look at.',
    of: (status) => status.attention.length,
  },
  {
    name: 'millrace_store_bytes',
    help: 'Size of the store.',
    of: (status) => status.store.bytes,
  },
  {
    name: 'millrace_store_free_bytes',
    help: 'Free space of the file system that the store is on.',
    of: (status) => status.store.freeBytes,
  },
  {
    name: 'millrace_store_commit_seconds',
    help: 'Duration of a commit, its flush included; a moving average.',
    of: (status) => status.store.commitMs / MS_PER_SECOND,
  },
];

const managerCounters: readonly Figure<Status>[] = [
  {
    name: 'millrace_connections_evicted_total',
    help: 'Sockets without a key that were cut off, so that newer ones found room.',
    of: (status) => status.connections.evicted,
  },
  {
    name: 'millrace_connections_refused_total',
    help: 'Sockets without a key that were cut off at once, because all bounds were reached.',
    of: (status) => status.connections.refused,
  },
  {
    name: 'millrace_clients_dismissed_total',
    help: 'Clients that were asked to leave until they have something to say.',
    of: (status) => status.connections.dismissed,
  },
  {
    name: 'millrace_sessions_refused_total',
    help: 'Sessions that were refused, because a cap on sessions was reached.',
    of: (status) => status.connections.refusedSessions,
  },
];

const states = ['ready', 'running', 'scheduled'] as const;
const outcomes = ['succeeded', 'dead', 'cancelled', 'expired'] as const;

const gaugeOf = <T>({ help, name }: Figure<T>, registry: Registry, labelNames: string[] = []) =>
  new Gauge({ name, help, labelNames, registers: [registry] });

/** Sets the figure of each subject that has one now. */
const forEach = <T>(
  subjects: readonly T[],
  figure: Figure<T>,
  set: (subject: T, value: number) => void,
): void => {
  for (const subject of subjects) {
    const value = figure.of(subject);
    if (value !== null) {
      set(subject, value);
    }
  }
};

/**
 * The status of a manager in the text format of Prometheus, in base units. Queues and
 * connected workers are labels; tasks are not.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #sets: readonly ((status: Status) => void)[];

  constructor() {
    this.#sets = [
      this.#build(),
      this.#tasks(),
      this.#finished(),
      ...managerGauges.map((figure) => this.#ofManager(figure)),
      ...managerCounters.map((figure) => this.#totalOfManager(figure)),
      ...queueGauges.map((figure) => this.#ofQueues(figure)),
      ...queueCounters.map((figure) => this.#totalOfQueues(figure)),
      ...workerGauges.map((figure) => this.#ofWorkers(figure)),
    ];
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(status: Status): Promise<string> {
    for (const set of this.#sets) {
      set(status);
    }
    return this.#registry.metrics();
  }

  #build(): (status: Status) => void {
    const gauge = new Gauge({
      name: 'millrace_build_info',
      help: 'Always 1; the version is its label.',
      labelNames: ['version'],
      registers: [this.#registry],
    });
    return ({ version }) => gauge.set({ version }, 1);
  }

  #tasks(): (status: Status) => void {
    const gauge = new Gauge({
      name: 'millrace_queue_tasks',
      help: 'Unfinished tasks and items by state.',
      labelNames: ['queue', 'state'],
      registers: [this.#registry],
    });
    return ({ queues }) => {
      gauge.reset();
      for (const queue of queues) {
        for (const state of states) {
          gauge.set({ queue: queue.name, state }, queue[state]);
        }
      }
    };
  }

  #finished(): (status: Status) => void {
    const counter = new Counter({
      name: 'millrace_queue_finished_total',
      help: 'Tasks and items that ended, by outcome, since the store was made.',
      labelNames: ['queue', 'outcome'],
      registers: [this.#registry],
    });
    return ({ queues }) => {
      counter.reset();
      for (const queue of queues) {
        for (const outcome of outcomes) {
          counter.inc({ queue: queue.name, outcome }, queue[outcome]);
        }
      }
    };
  }

  #ofManager(figure: Figure<Status>): (status: Status) => void {
    const gauge = gaugeOf(figure, this.#registry);
    return (status) => gauge.set(figure.of(status) ?? 0);
  }

  #totalOfManager(figure: Figure<Status>): (status: Status) => void {
    const { help, name } = figure;
    const counter = new Counter({ name, help, registers: [this.#registry] });
    return (status) => {
      counter.reset();
      counter.inc(figure.of(status) ?? 0);
    };
  }

  #ofQueues(figure: Figure<QueueStatus>): (status: Status) => void {
    const gauge = gaugeOf(figure, this.#registry, ['queue']);
    return ({ queues }) => {
      gauge.reset();
      forEach(queues, figure, (queue, value) => gauge.set({ queue: queue.name }, value));
    };
  }

  #totalOfQueues(figure: Figure<QueueStatus>): (status: Status) => void {
    const { help, name } = figure;
    const counter = new Counter({ name, help, labelNames: ['queue'], registers: [this.#registry] });
    return ({ queues }) => {
      counter.reset();
      forEach(queues, figure, (queue, value) => counter.inc({ queue: queue.name }, value));
    };
  }

  #ofWorkers(figure: Figure<WorkerStatus>): (status: Status) => void {
    const gauge = gaugeOf(figure, this.#registry, ['worker', 'host', 'pid']);
    return ({ workers }) => {
      gauge.reset();
      forEach(workers, figure, ({ host, name, pid }, value) =>
        gauge.set({ worker: name, host, pid }, value),
      );
    };
  }
}
