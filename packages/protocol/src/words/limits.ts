/**
 * Every bound and default of millrace, named once, with its unit last.
 * A limit that a peer must know travels in CHALLENGE; the rest are local.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const PROTOCOL_VERSION = 1;

export const DEFAULT_PORT = 7420;
/** Of the HTTP listener: health, metrics, status. */
export const DEFAULT_HTTP_PORT = 7421;
export const DEFAULT_HOST = '127.0.0.1';

export const limits = {
  /** Messages of one event-loop turn leave as frames of at most this size. */
  frameMaxBytes: 64 * KIB,
  /** One frame before authentication. */
  handshakeFrameMaxBytes: 4 * KIB,
  /** A larger message travels in parts of this size. */
  partBytes: 60 * KIB,
  /** Parts sent and not yet acknowledged, per direction of a connection. */
  partsInFlight: 2,
  /** Nesting of a frame; the deepest verb needs 5. */
  frameMaxDepth: 8,
  /** Entries of one list in a frame. */
  listMaxItems: 10_000,
  /** One message, in parts or not; a batch of tasks must fit. Raised with the payload limit. */
  messageMaxBytes: 32 * MIB,
  /** What a message takes beside its largest payload, at most. */
  messageOverheadBytes: 64 * KIB,

  payloadMaxBytes: 1 * MIB,
  /** The most that configuration may allow for one payload. */
  payloadCeilingBytes: 64 * MIB,
  /** Nesting of a payload. */
  payloadMaxDepth: 100,

  queueNameMaxBytes: 128,
  taskNameMaxBytes: 128,
  taskIdMaxBytes: 64,
  keyIdMaxBytes: 64,
  workerNameMaxBytes: 128,
  errorMessageMaxBytes: 4 * KIB,
  errorStackMaxBytes: 16 * KIB,
  reasonMaxBytes: 1 * KIB,
  /** The most queues and workers that there may be fit into it. */
  statusMaxBytes: 16 * MIB,

  /** From accept to authenticated, and from dial to authenticated. */
  authenticateMaxMs: 2 * SECOND_MS,
  dialMaxMs: 5 * SECOND_MS,
  /** A peer that does not end a finished connection by then is cut off. */
  farewellMaxMs: 1 * SECOND_MS,
  unauthenticatedMaxPerAddress: 256,
  unauthenticatedMaxTotal: 1_024,
  sessionsMax: 10_000,
  /** Outbound bytes beyond which a manager holds back what it can: grants, items, results. */
  congestedBytes: 4 * MIB,
  /** Outbound bytes waiting for a slow reader before it is cut off. */
  outboundMaxBytes: 32 * MIB,
  /** Requests a session may have waiting at the manager. */
  requestsPerSessionMax: 100_000,
  poolsPerSessionMax: 64,
  creditMaxPerPool: 10_000,
  /** Payload bytes dealt to one claimant in one go. */
  claimMaxBytes: 4 * MIB,

  /** What nobody waits for leaves with what is sent next, or after this long. */
  sendSoonMs: 5,

  heartbeatIdleMs: 5 * SECOND_MS,
  heartbeatIntervalMs: 1 * SECOND_MS,
  heartbeatProbes: 3,

  /** Longest wait at the manager of one `get`, pull or result slice. */
  waitSliceMs: 20 * SECOND_MS,
  /** How much later than its time a wait may be answered by a manager that is connected. */
  answerSlackMs: 2 * SECOND_MS,
  /** Tasks on one page of a listing. */
  listPageMax: 500,
  /** Places looked at for one page, and bytes of payloads and results read for it: what it takes from everybody else. */
  listLooksMax: 1_000,
  listReadBytes: 16 * MIB,
  listErrorMaxBytes: 512,
  cursorMaxBytes: 256,
  /** Places looked at by one step of a purge. */
  purgeTasks: 500,
  /** An invitation (ROOM) that is not used lapses. */
  roomInvitationMs: 2 * SECOND_MS,

  resumeGraceMs: 2 * SECOND_MS,
  restartGraceMs: 15 * SECOND_MS,
  tombstoneMs: 15 * MINUTE_MS,
  /** A client stops resending an enqueue and reports UNKNOWN. */
  resendMaxMs: 10 * MINUTE_MS,

  attempts: 5,
  lossesMax: 3,
  backoffBaseMs: 1 * SECOND_MS,
  backoffMaxMs: 600 * SECOND_MS,
  deadlineMs: 15 * MINUTE_MS,
  killGraceMs: 10 * SECOND_MS,
  /** The manager fences this long after deadline + kill grace, so that a worker's own report of the kill wins. */
  fenceSlackMs: 1 * SECOND_MS,
  drainMs: 25 * SECOND_MS,
  /** Of the drain, what is kept for kills and last reports. */
  drainReserveMs: 3 * SECOND_MS,

  retainSucceededMs: 24 * HOUR_MS,
  retainDeadMs: 7 * DAY_MS,
  retainMaxBytes: 1_024 * MIB,

  priorityMin: -128,
  priorityMax: 127,
  delayMaxMs: 10 * 365 * DAY_MS,

  queueMaxItems: 10_000_000,
  queueMaxBytes: 16 * 1_024 * MIB,
  /** Queues of a manager, with those in its store. Nothing removes one. */
  queuesMax: 10_000,
  taskNamesPerQueueMax: 1_000,

  /** Of a handler module, from its import to the end of its top-level awaits. */
  handlerImportMaxMs: 60 * SECOND_MS,
  inlineConcurrency: 10,

  reconnectFirstMs: 100,
  reconnectMaxMs: 5 * SECOND_MS,
} as const;
