const KIB = 1_024;
const MIB = 1_024 * KIB;

/**
 * Numbers that only tune the manager: changing one changes the manager's speed or use of
 * memory. Numbers that a peer may rely on are in `limits` of the protocol.
 */
export const tuning = {
  /**
   * A window that grows beyond twice this number of tasks is cut to about this number; the rest
   * of the lane is on disk.
   */
  windowMaxTasks: 1_024,
  /** A lane with fewer tasks than this in its window reads ahead. */
  windowLowTasks: 256,
  /** A refill stops at this many tasks in the window. */
  windowRefillTasks: 384,
  windowRefillRows: 8,
  /** Vacated places at the head of a window before the array is compacted. */
  windowVacatedMax: 64,

  /** Tasks in one ready row: a row is removed only when all of them have left it, and is read as a whole. */
  readyRowTasks: 128,
  leaseRowTasks: 256,
  /** Queues in one row of counters: one idle queue keeps the whole row on disk. */
  countersRowQueues: 64,
  /** Records are written into pieces of memory of this size, one behind the other. */
  recordPieceBytes: 8 * KIB,
  /** Most records are smaller; a larger one makes the piece grow. */
  recordBytes: 512,
  /** Payloads up to this size stay in memory with their task. */
  keptPayloadMaxBytes: 4 * KIB,
  /** Stems of ids that `KnownTasks` remembers. */
  idStemsMax: 16_384,

  /** Rows of a time index read at a time. */
  sweepRows: 1_000,
  /** Tasks after which a sweep leaves the rest to the next batch. */
  sweepTasks: 2_000,
  /** Missed ticks that a schedule makes up for at a time. */
  ticksAtATime: 10,
  /**
   * Most rows that a walk reads at a time. After a read of more than `walkBytes` the walk reads
   * a single row next.
   */
  walkRows: 16,
  walkBytes: 64 * KIB,
  /** Task ids looked at in one lane to find the age of its oldest task. */
  oldestLooksMax: 600,

  /** Longest delay before changes that no caller awaits are flushed. */
  unawaitedMaxMs: 5,
  /** Interval at which the free space of the store and the wall clock are looked at. */
  storeCheckMs: 1_000,
  /** Share of the last commit in the smoothed commit time. */
  commitSmoothing: 0.1,
  /** Changed keys at which a checkpoint begins; with 8,000 a backlog is emptied more slowly (decision 0029). */
  checkpointKeys: 2_000,
  /** Longest wait of changed keys for the tree, when they are few. Flushes of the tree delay those of the log. */
  checkpointMs: 100,
  /** Size of each of the two files of the log. */
  logFileBytes: 4 * MIB,
  /** Memory of the log's encoder that is kept between records. */
  logKeptBytes: 1 * MIB,
  /** A tree up to this size is checked at each start, which takes about 0.2 s. */
  treeCheckAlwaysBytes: 64 * MIB,
  /** A tree up to this size is checked after one end out of order; a larger one after two in a row. */
  treeCheckUncleanBytes: 1_024 * MIB,
  /** A check that took longer is said in the log. */
  treeCheckSaidMs: 1_000,
  /** Longest wait of a backup for the tree of a running manager, and how often it looks. */
  catchUpMaxMs: 30_000,
  catchUpLookMs: 20,
  /**
   * The reserve: free space below which nothing new is accepted, so that results and deletes can
   * still be written. It is `reserveShare` of the disk, and at most `reserveMaxBytes`.
   */
  reserveMaxBytes: 64 * MIB,
  reserveShare: 0.1,

  /** Tasks dealt to one claimant at a time. */
  claimMaxTasks: 1_000,
  /** Grants are added to a message until it has this size. The last one may exceed it. */
  grantMessageBytes: 32 * KIB,
  /** Bytes of a grant beside its payload, at most. */
  grantFieldsBytes: 256,
  /** A pool with this share of its room free counts as idle. */
  idleShare: 0.9,
  /** Frames of one peer that may be at work at once; beyond it the connection is held back. */
  framesAtWorkMax: 256,
  /** A session's place in the order of silence is at most this far behind, and at most a tenth of the idle time. */
  touchMs: 1_000,
  /** Sessions looked at to find one that can be dismissed. */
  idleLooksMax: 64,
  /** Interval at which sockets without a complete HTTP request are looked for. */
  socketCheckMs: 1_000,

  /** Run times are counted in buckets that are 19% wide. */
  runTimeBucketsPerDoubling: 4,
  /** Runs after which all counts of a histogram are halved, so that old runs fade. */
  runTimesMax: 2_048,
  /** Interval at which the status samples rates. */
  sampleMs: 1_000,
  /** Samples between two requests for a report of each worker. */
  samplesPerReport: 5,
  /** Awaited tasks of one client that are looked at for a deadlock of a pool. */
  awaitedLooksMax: 100,
  /** Samples that a rate is averaged over. */
  rateSamples: 10,
} as const;
