export interface QueueStatus {
  readonly name: string;
  /** Whether the queue grants nothing until it is resumed. */
  readonly isPaused: boolean;
  readonly ready: number;
  readonly running: number;
  readonly scheduled: number;
  /** Scheduled tasks that failed before; `scheduled` counts them, too. */
  readonly retrying: number;
  /** Dead tasks that are still kept: they can be retried or dropped. */
  readonly deadKept: number;
  /** Tasks that died, and all that ended, within the last minutes while this manager ran. */
  readonly diedLately: number;
  readonly endedLately: number;
  readonly bytes: number;
  readonly maxItems: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Time for which the oldest ready task or item has been ready; `null` for none, and for `lifo`. */
  readonly oldestWaitingMs: number | null;
  /** 95th percentile of its latest run times; `null` until the first run since the manager started. */
  readonly runP95Ms: number | null;
  /** Connected workers that handle at least one of its task names. */
  readonly workers: number;
  /** This and the following are totals since the store was made. */
  readonly enqueued: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Grants of tasks that had been granted before. */
  readonly regranted: number;
  readonly losses: number;
}

export interface WorkerStatus {
  readonly sessionId: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** `lost` is a worker whose connection ended without a goodbye. */
  readonly state: 'working' | 'draining' | 'lost';
  /** Whether the worker was asked to drain. */
  readonly isDraining: boolean;
  readonly slots: number;
  /** Slots for which the worker has not announced room. */
  readonly busySlots: number;
  /** Slots whose attempt goes on although its deadline and its kill grace are over. */
  readonly lostSlots: number;
  /** Tasks leased to the worker. */
  readonly running: number;
  /** Time since the last byte on either of its connections. */
  readonly processHeardMsAgo: number;
  /** Time since the last byte on its main connection, written by its event loop; `null` without one. */
  readonly loopHeardMsAgo: number | null;
  /** How long its event loop has been blocked; 0 unless its process was heard and its loop was not. */
  readonly loopBlockedMs: number;
  readonly roundTripMs: number | null;
  readonly loopLagMs: number | null;
  readonly rssBytes: number | null;
  /** What it handles; not all of it where there are many workers. */
  readonly handles: readonly {
    readonly queue: string;
    readonly name: string;
    /** Absent for version 1. */
    readonly version?: number;
  }[];
}

export const findingKinds = [
  'queue-unhandled',
  'queue-growing',
  'queue-paused',
  'tasks-dying',
  'worker-lost',
  'worker-silent',
  'loop-blocked',
  'slots-lost',
  'pool-deadlocked',
  'store-filling',
  'store-slow',
  'address-crowded',
  'files-scarce',
  'schedule-delayed',
  'clock-set-back',
] as const;

/** Something that an operator should look at. */
export interface Finding {
  readonly severity: 'warning' | 'critical';
  readonly kind: (typeof findingKinds)[number];
  /** Name of the queue, worker or schedule, kind of the store, network address, or `manager`. */
  readonly subject: string;
  /** The finding as one sentence. */
  readonly message: string;
  /** The command that shows more. */
  readonly command: string;
}

/** Connections of a manager. The totals count since it started. */
export interface ConnectionsStatus {
  /** Sockets that have not shown a key yet. */
  readonly unauthenticated: number;
  /** Total of the sockets without a key that were cut off, so that newer ones found room. */
  readonly evicted: number;
  /** Total of the sockets that were cut off at once, because all bounds were reached. */
  readonly refused: number;
  /** Clients that have had nothing to say for a while; `clients` counts them, too. */
  readonly idle: number;
  /** Total of the clients that were asked to leave until they have something to say. */
  readonly dismissed: number;
  /** Total of the sessions that were refused, because a cap on sessions was reached. */
  readonly refusedSessions: number;
}

/** The status of a manager. Its shape is stable: fields are only added. */
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
    /** Below this much free space nothing new is accepted. */
    readonly reserveBytes: number;
    /** Duration of a commit, averaged over the latest ones. */
    readonly commitMs: number;
  };
  readonly clients: number;
  readonly connections: ConnectionsStatus;
  readonly schedules: {
    readonly total: number;
    readonly paused: number;
    /** Schedules whose task could not be added when its tick was due. */
    readonly delayed: number;
  };
  readonly queues: readonly QueueStatus[];
  readonly workers: readonly WorkerStatus[];
  /** Workers that were lost within the last minutes and have not come back. */
  readonly lostWorkers: readonly WorkerStatus[];
  /** The worst first, at most a hundred. */
  readonly attention: readonly Finding[];
}
