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
