export {
  decodeErrorDetails,
  type ErrorDetails,
  encodeErrorDetails,
  type PlainError,
} from './bytes/error-details.ts';
export { PackReader, type PackRules } from './bytes/pack-reader.ts';
export { PackWriter } from './bytes/pack-writer.ts';
export { decodePayload, encodePayload } from './bytes/payload.ts';
export {
  type AcceptedPeer,
  authenticatePeer,
  authenticateToManager,
  type PeerLimits,
  type RandomBytes,
} from './connection/authenticate.ts';
export {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type PeerPulse,
  type PeerReport,
} from './connection/connection.ts';
export { type ConversationState, conversationMoves, nextState } from './connection/conversation.ts';
export {
  type AuthKey,
  DEFAULT_KEY_ID,
  proofOf,
  requireProof,
  secretBytes,
  type Transcript,
  ticketMatches,
  ticketOf,
} from './connection/handshake.ts';
export { Heartbeat, type HeartbeatTimes } from './connection/heartbeat.ts';
export { managerUrl } from './connection/manager-url.ts';
export type { Transport, TransportEvents } from './connection/transport.ts';
export {
  checkManagerUrl,
  type Dial,
  dialWebSocket,
  wsTransport,
} from './connection/ws-transport.ts';
export {
  type Abandonment,
  CallAborted,
  type CallOptions,
  callOptions,
  changeAbandoned,
  checkCall,
  readAbandoned,
} from './dialler/abandonment.ts';
export { dialManager, heartbeatTimesOf, randomFraction } from './dialler/dial-manager.ts';
export { expectVerb } from './dialler/expect-verb.ts';
export { hedge } from './dialler/hedge.ts';
export { Holdings } from './dialler/holdings.ts';
export { type AskPort, type Inquiry, inquire, type TimedPort } from './dialler/inquire.ts';
export { type LeasedItem, Leases } from './dialler/leased-item.ts';
export {
  Link,
  type LinkEvents,
  type LinkOptions,
  type SessionMessage,
} from './dialler/link.ts';
export {
  type ItemCounts,
  type PutOptions,
  QueueHandle,
  type QueuePort,
  type WaitOptions,
} from './dialler/queue-handle.ts';
export { Reconnection } from './dialler/reconnection.ts';
export {
  type Asked,
  endedBySignal,
  promiseOf,
  type Request,
  Requests,
} from './dialler/requests.ts';
export { type EnqueueWait, remainingMs, sendEnqueue } from './dialler/send-enqueue.ts';
export { returnItems } from './dialler/take-items.ts';
export type { NewTask } from './messages/enqueue.ts';
export { decodeFrame, encodeFrame } from './messages/frame.ts';
export { IDLE_REASON } from './messages/goodbye.ts';
export { type Message, type MessageNamed, type VerbName, verbs } from './messages/message-table.ts';
export { type ScheduleSpec, scheduleSpec } from './messages/schedule.ts';
export {
  type Extra,
  type Extras,
  type ExtrasField,
  type ExtraValues,
  extra,
  extraOf,
  readExtras,
  writeExtras,
} from './messages/wire/extras.ts';
export type { Field, Fields, FieldValues } from './messages/wire/field.ts';
export { sequence } from './messages/wire/sequence.ts';
export { retryPolicy } from './messages/wire/shared-fields.ts';
export { type Cancel, type Clock, clockOf, systemClock, type Timers } from './runtime/clock.ts';
export { type Eventually, tryThen } from './runtime/eventually.ts';
export { type Log, silentLog } from './runtime/log.ts';
export { OUTPUT_MAX_MS, outputTaken } from './runtime/output.ts';
export { TurnoverMap } from './runtime/turnover-map.ts';
export {
  type AnyTask,
  checkName,
  checkPeerName,
  checkSchema,
  checkTimeout,
  checkVersion,
  DEFAULT_QUEUE,
  type DefineOptions,
  defineTask,
  type TaskDefinition,
} from './words/definition.ts';
export { type ErrorCode, type ErrorFacts, errorTable, isErrorCode } from './words/error-codes.ts';
export {
  clip,
  codeOf,
  MillraceError,
  messageOf,
  QueueEmpty,
  QueueFull,
  RetryAfter,
  Snooze,
  Unrecoverable,
} from './words/errors.ts';
export { checkList, checkOptions, checkTask, checkText, described } from './words/given.ts';
export {
  DEFAULT_HOST,
  DEFAULT_HTTP_PORT,
  DEFAULT_PORT,
  limits,
  PROTOCOL_VERSION,
} from './words/limits.ts';
export {
  type Backoff,
  type RetryOptions,
  type RetryPolicy,
  retryDelayMs,
  retryPolicyOf,
} from './words/retry-policy.ts';
export {
  DEFAULT_TIME_ZONE,
  type DueTicks,
  dueTicks,
  faultOfTimes,
  type MissedPolicy,
  missedPolicies,
  nextTickMs,
  type RunKind,
  type RunOutcome,
  runKinds,
  runOutcomes,
  type ScheduleOrigin,
  type ScheduleTimes,
  scheduleOrigins,
} from './words/schedule.ts';
export {
  checkScheduledTask,
  checkScheduleName,
  checkTiming,
  type ScheduledTaskOptions,
  type ScheduleTiming,
} from './words/schedule-options.ts';
export {
  type ConnectionsStatus,
  type Finding,
  findingKinds,
  type QueueStatus,
  type Status,
  type WorkerStatus,
} from './words/status.ts';
export { closest, suggestion } from './words/suggest.ts';
export {
  type AttemptKind,
  attemptKinds,
  ITEM_NAME,
  type Outcome,
  outcomes,
  type Role,
  roles,
  sameToken,
  type TaskError,
  type TaskState,
  type Token,
  taskStates,
  tokenKey,
} from './words/task.ts';
export { isTaskId, taskIdMaker, taskIdStem } from './words/task-id.ts';
export {
  checkPriority,
  checkTaskOptions,
  type Debounce,
  type IdempotencyKey,
  type TaskOptions,
  type Throttle,
} from './words/task-options.ts';
