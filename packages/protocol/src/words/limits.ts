/**
 * Every bound, default and promise that a peer or a user can rely on, named once,
 * with its unit last. CHALLENGE tells the dialler the limits that may differ between
 * managers. Values that only tune speed are in the `tuning.ts` of each package.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const PROTOCOL_VERSION = 1;

export const DEFAULT_PORT = 7420;
/** Port of the HTTP listener: health checks, metrics, status. */
export const DEFAULT_HTTP_PORT = 7421;
export const DEFAULT_HOST = '127.0.0.1';

export const limits = {
  /** Largest frame; the messages of one turn leave together in as few as possible. */
  frameMaxBytes: 64 * KIB,
  /** Largest frame before authentication. */
  handshakeFrameMaxBytes: 4 * KIB,
  /** A larger message travels in parts of this size. */
  partBytes: 60 * KIB,
  /** Parts sent and not yet acknowledged, per direction of a connection. */
  partsInFlight: 2,
  /** Nesting of a frame; the deepest verb needs 7. */
  frameMaxDepth: 8,
  /** Entries of one list in a frame. */
  listMaxItems: 10_000,
  /** Largest message, in parts or not; raised when the payload limit needs more. */
  messageMaxBytes: 32 * MIB,
  /** Bytes of a message beside its largest payload, at most. */
  messageOverheadBytes: 128 * KIB,
  /** Bytes of a task in an ENQUEUE beside its payload, at most. */
  taskFieldsMaxBytes: 1 * KIB,

  payloadMaxBytes: 1 * MIB,
  /** Largest payload limit that a manager can be configured with. */
  payloadCeilingBytes: 64 * MIB,
  /** Nesting of a payload. */
  payloadMaxDepth: 100,

  queueNameMaxBytes: 128,
  taskNameMaxBytes: 128,
  taskIdMaxBytes: 64,
  /** Task keys. Behind two names, one fits into a key of the store, which has less than 512 bytes. */
  taskKeyMaxBytes: 200,
  keyIdMaxBytes: 64,
  sessionIdMaxBytes: 64,
  softwareMaxBytes: 64,
  workerNameMaxBytes: 128,
  runnerMaxBytes: 16,
  errorCodeMaxBytes: 64,
  errorMessageMaxBytes: 4 * KIB,
  errorStackMaxBytes: 16 * KIB,
  /** Code, causes and inner errors of an error, together. */
  errorDetailsMaxBytes: 64 * KIB,
  /** Levels of causes and inner errors. */
  errorDetailsMaxDepth: 8,
  reasonMaxBytes: 1 * KIB,
  /** Largest status document; a status with the most queues and workers allowed fits. */
  statusMaxBytes: 16 * MIB,

  /** From accept to authenticated. */
  authenticateMaxMs: 2 * SECOND_MS,
  /** From dial to authenticated. */
  dialMaxMs: 5 * SECOND_MS,
  /** A peer that does not end a finished connection within this time is cut off. */
  farewellMaxMs: 1 * SECOND_MS,
  /** Longest wait of a closing dialler for GOODBYE_ACK, which follows all replies that are owed. */
  goodbyeMaxMs: 2 * SECOND_MS,
  unauthenticatedMaxPerAddress: 256,
  unauthenticatedMaxTotal: 1_024,
  /** A socket whose handshake made progress within this time is not evicted for a newcomer. */
  unauthenticatedKeptMs: 500,
  /** Evictions and refusals are a finding for one to two of these spans, for this many addresses at most. */
  crowdShownMs: 10 * SECOND_MS,
  crowdsMax: 100,
  /** From accept to a complete request for health checks, metrics or status; sockets for them at a time. */
  httpRequestMaxMs: 5 * SECOND_MS,
  httpSocketsMax: 256,
  sessionsMax: 10_000,
  /** Sessions of one key, and of one network address; a manager can be configured with others. */
  sessionsPerKeyMax: 10_000,
  sessionsPerAddressMax: 10_000,
  /** A client without a request, a lease or a waiter is asked to leave after this time. */
  idleSessionMs: 10 * MINUTE_MS,
  idleSessionMinMs: 1 * SECOND_MS,
  idleSessionMaxMs: 24 * HOUR_MS,
  /** A client counts as idle after this time. */
  idleShownMs: 1 * MINUTE_MS,
  /** Where a cap is reached, the client that has been silent for longest leaves, if that is this long. */
  dismissibleMs: 2 * SECOND_MS,
  /** Bytes that may wait for a slow reader before it is cut off with SLOW_READER. */
  outboundMaxBytes: 32 * MIB,
  /** Requests of one session that may wait at the manager. */
  requestsPerSessionMax: 100_000,
  /** Pools of one worker: one for each handler with its own `concurrency`, and one for each runner. */
  poolsPerSessionMax: 1_000,
  creditMaxPerPool: 10_000,
  /** Items that one GET may take. */
  itemsPerGetMax: 1_000,
  /** Payload bytes granted to one claimant at a time. */
  claimMaxBytes: 4 * MIB,

  heartbeatIdleMs: 5 * SECOND_MS,
  heartbeatIntervalMs: 1 * SECOND_MS,
  heartbeatProbes: 3,
  heartbeatProbesMax: 100,

  /** Longest wait at the manager of one GET or AWAIT_OUTCOME; longer waits are asked for again. */
  waitSliceMs: 20 * SECOND_MS,
  /** A connected manager may answer a wait this much later than its end. */
  answerSlackMs: 2 * SECOND_MS,
  /** Tasks on one page of a listing, unless the caller says another number. */
  listPageTasks: 100,
  /** Tasks on one page of a listing, at most. */
  listPageMax: 500,
  /** Entries looked at for one page. A page ends there, so that no listing delays others for long. */
  listLooksMax: 1_000,
  /** Bytes of payloads and results read for one page or one step of a purge. */
  listReadBytes: 16 * MIB,
  listErrorMaxBytes: 512,
  cursorMaxBytes: 256,
  fingerprintMaxBytes: 16,
  /** Entries of rows looked at by one step of a purge, whether it cancels their tasks or not. */
  purgeTasks: 500,
  /** An invitation (ROOM) that is not used lapses after this time. */
  roomInvitationMs: 2 * SECOND_MS,
  /** Longest wait of an `enqueue` for room in a full queue, unless the caller says another. */
  enqueueTimeoutMs: 5 * SECOND_MS,

  /** How long a session keeps its leases after its connection ended without a goodbye, because its process may still live. */
  resumeGraceMs: 5 * SECOND_MS,
  /** The same after heartbeats have found the connection dead, which took 8 s already. */
  silentGraceMs: 2 * SECOND_MS,
  /** A dialler with leases dials this often within the grace. */
  resumeRetryMinMs: 25,
  resumeRetryMaxMs: 75,
  /** Within the grace, another dial begins each time that this passes without an answer. */
  resumeHedgeMs: 500,
  /** Grace of a session whose leases a manager finds in its store at a start. */
  restartGraceMs: 15 * SECOND_MS,
  /**
   * How long the id of a task is known at least, counted from its acceptance. Longer than
   * `resendMaxMs`, so that a resent enqueue never adds its task again.
   */
  tombstoneMs: 15 * MINUTE_MS,
  /** After this time without an answer a client stops resending an enqueue and reports UNKNOWN. */
  resendMaxMs: 10 * MINUTE_MS,

  attempts: 5,
  attemptsMax: 1_000_000,
  /** A task is dead after this many losses of workers for which only it can be to blame. */
  lossesMax: 3,
  /** A task is dead after this many losses in all, with those for which another task may be to blame. */
  lossesAllMax: 10,
  backoffBaseMs: 1 * SECOND_MS,
  backoffMaxMs: 600 * SECOND_MS,
  /** Waits in the list of a retry policy. */
  backoffWaitsMax: 50,
  backoffFactorMax: 100,
  /** Snoozes of one task; a further snooze fails the attempt. */
  snoozesMax: 1_000,
  /** Attempts in the history of a task, which keeps the last ones. */
  historyMax: 20,
  /** Bytes of the message, and of the stack, of an error in a history. */
  historyMessageMaxBytes: 1 * KIB,
  historyStackMaxBytes: 2 * KIB,
  deadlineMs: 15 * MINUTE_MS,
  killGraceMs: 10 * SECOND_MS,
  /** The manager fences this long after deadline and kill grace, so that the worker's own report of the kill arrives first. */
  fenceSlackMs: 1 * SECOND_MS,
  /** An event loop of a worker that is silent this long is blocked: the log says by what. */
  loopSilentMs: 2 * SECOND_MS,
  /** A worker whose loop is silent this long ends, if a task that it holds has no deadline, or if it holds none. */
  loopSilentMaxMs: 15 * MINUTE_MS,
  /** Lost slots in the report of a worker; those of the first pools are shown. */
  lostSlotsShown: 20,
  drainMs: 25 * SECOND_MS,
  /** Part of `drainMs` that is kept for kills and last reports. */
  drainReserveMs: 3 * SECOND_MS,

  retainSucceededMs: 24 * HOUR_MS,
  retainDeadMs: 7 * DAY_MS,
  retainMaxBytes: 1_024 * MIB,

  priorityMin: -128,
  priorityMax: 127,
  delayMaxMs: 10 * 365 * DAY_MS,

  schedulesMax: 100_000,
  scheduleNameMaxBytes: 128,
  cronMaxBytes: 200,
  timeZoneMaxBytes: 64,
  /** Input of a schedule, as a payload. */
  scheduleInputMaxBytes: 64 * KIB,
  /** Shortest time between two ticks of a schedule; also the resolution of cron. */
  scheduleEveryMinMs: 1 * SECOND_MS,
  /** The last instant that a schedule may name: the end of the year 9999. */
  instantMaxMs: 253_402_300_799_999,
  /** A tick that could not be fired within this time is missed. */
  scheduleLateMs: 10 * SECOND_MS,
  /** Missed ticks that a schedule with `missed: 'all'` makes up for, the last ones. */
  scheduleCatchUpMax: 100,
  /** Missed ticks of a cron expression are counted up to this number. */
  scheduleCountMax: 1_000,
  /** A tick that finds its queue full is fired after this time at the earliest. */
  scheduleDelayMs: 5 * SECOND_MS,
  /** A clock that was set back by more than this, and by more than two periods, makes a schedule go on from now. */
  scheduleStepBackMs: 1 * HOUR_MS,
  /** Schedules that went on after a step of the clock are a finding for this long. */
  scheduleStepShownMs: 10 * MINUTE_MS,
  /** Runs of a schedule that are kept, the last ones. */
  scheduleRunsMax: 50,
  /** Schedules on one page of a listing. */
  schedulePageMax: 100,
  /** Ticks that one call of `next` shows. */
  scheduleNextMax: 1_000,

  queueMaxItems: 10_000_000,
  queueMaxBytes: 16 * 1_024 * MIB,
  /** Queues of a manager, those in its store included; no queue is ever removed. */
  queuesMax: 10_000,
  taskNamesPerQueueMax: 1_000,
  /** Versions of one task name in one queue. No version is ever removed. */
  versionsPerNameMax: 16,
  versionMax: 1_000_000,

  /** From the import of a handler module to the end of its top-level awaits. */
  handlerImportMaxMs: 60 * SECOND_MS,
  inlineConcurrency: 10,

  reconnectFirstMs: 100,
  reconnectMaxMs: 5 * SECOND_MS,

  /** A manager that stops cuts off the peers that have not left this long after its GOODBYE. */
  shutdownMaxMs: 1 * SECOND_MS,
  /** A lost worker is shown this long, unless it comes back or another takes its name. */
  lostWorkerShownMs: 5 * MINUTE_MS,
  lostWorkersMax: 100,
  /** Log lines about refused peers in one minute; the last says that more are not logged. */
  refusalLinesPerMinute: 10,

  /** A task that has waited this long, and that no connected worker handles, is a finding. */
  unhandledMs: 5 * SECOND_MS,
  unhandledCriticalMs: 1 * MINUTE_MS,
  /**
   * A growing queue is a finding when it has this many ready tasks or more, and the oldest is
   * at least this old.
   */
  growingTasks: 100,
  growingMs: 10 * SECOND_MS,
  /** A growing queue is critical when it is full within this time. */
  fullSoonMs: 10 * MINUTE_MS,
  /** A finding, when tasks died within one to two of these spans. */
  deathsShownMs: 150 * SECOND_MS,
  /** Deaths are critical from this number on, if half of all tasks that ended died. */
  deathsCritical: 10,
  /** A finding, when a pool has granted itself nothing for this long and its process awaits a task behind it. */
  deadlockedMs: 10 * SECOND_MS,
  /** Handles of all workers together in a status document. */
  statusHandlesMax: 20_000,
  /** A blocked event loop is critical after this time. */
  loopBlockedCriticalMs: 1 * MINUTE_MS,
  /** A finding, when the manager uses this share of the files that it may have open; this many are its own. */
  openFilesShare: 0.9,
  openFilesOwn: 40,
  /** Free space below this multiple of the store's reserve is a finding. */
  fillingReserves: 5,
  /** A moving average of the time of a commit above this is a finding. */
  slowCommitMs: 250,
  /** Findings in a status document; the worst are shown. */
  findingsMax: 100,
} as const;
