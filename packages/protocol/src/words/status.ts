export interface QueueStatus {
  readonly name: string;
  /** Whether it deals nothing until it is resumed. */
  readonly isPaused: boolean;
  readonly ready: number;
  readonly running: number;
  readonly scheduled: number;
  /** Of the scheduled ones those that failed before. */
  readonly retrying: number;
  /** Dead tasks that are still kept: they can be retried or dropped. */
  readonly deadKept: number;
  readonly bytes: number;
  readonly maxItems: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** How long its oldest ready task or item could have been dealt; `null` for none, and for `lifo`. */
  readonly oldestWaitingMs: number | null;
  /** What 95 of 100 of its latest runs stayed below; `null` before the first since the start. */
  readonly runP95Ms: number | null;
  /** Connected workers that handle any of its task names. */
  readonly workers: number;
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
  readonly sessionId: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** Whether it was asked to end. */
  readonly isDraining: boolean;
  readonly slots: number;
  /** By its own last report. */
  readonly busySlots: number;
  /** Tasks that are leased to it. */
  readonly running: number;
  /** Since any byte of its process was received. */
  readonly processHeardMsAgo: number;
  /** Since any byte of its main loop was received; `null` while it has no main connection. */
  readonly loopHeardMsAgo: number | null;
  readonly roundTripMs: number | null;
  readonly loopLagMs: number | null;
  readonly rssBytes: number | null;
}

export const findingKinds = [
  'queue-unhandled',
  'queue-growing',
  'queue-paused',
  'worker-lost',
  'loop-blocked',
  'store-filling',
  'store-slow',
] as const;

/** Something that an operator should look at. */
export interface Finding {
  readonly severity: 'warning' | 'critical';
  readonly kind: (typeof findingKinds)[number];
  /** The queue, worker or store that it is about. */
  readonly subject: string;
  /** What was found, as one sentence. */
  readonly message: string;
  /** The command that looks closer. */
  readonly command: string;
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
    /** Below this much free space nothing new is accepted. */
    readonly reserveBytes: number;
    /** How long a commit takes, averaged over the latest. */
    readonly commitMs: number;
  };
  readonly clients: number;
  readonly queues: readonly QueueStatus[];
  readonly workers: readonly WorkerStatus[];
  /** The worst first, a hundred at most. */
  readonly attention: readonly Finding[];
}
