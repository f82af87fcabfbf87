export {
  type AcceptedPeer,
  authenticatePeer,
  authenticateToManager,
  type PeerLimits,
  type RandomBytes,
} from './authenticate.ts';
export { reconnectDelayMs, retryDelayMs } from './backoff.ts';

export { type Cancel, type Clock, systemClock } from './clock.ts';
export {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type PeerPulse,
  type PeerReport,
} from './connection.ts';
export {
  type AnyTask,
  checkName,
  checkPeerName,
  checkSchema,
  checkTaskOptions,
  checkTimeout,
  DEFAULT_QUEUE,
  type DefineOptions,
  defineTask,
  type TaskDefinition,
  type TaskOptions,
} from './definition.ts';
export { dialManager, heartbeatTimesOf, randomFraction } from './dial-manager.ts';
export { type ErrorCode, type ErrorFacts, errorTable, isErrorCode } from './error-codes.ts';
export {
  clip,
  codeOf,
  MillraceError,
  messageOf,
  QueueEmpty,
  QueueFull,
  Unrecoverable,
} from './errors.ts';
export { type Eventually, tryThen } from './eventually.ts';
export { expectVerb } from './expect-verb.ts';
export { decodeFrame, encodeFrame } from './frame.ts';
export {
  type AuthKey,
  DEFAULT_KEY_ID,
  proofOf,
  requireProof,
  type Transcript,
  ticketMatches,
  ticketOf,
} from './handshake.ts';
export { Heartbeat, type HeartbeatTimes } from './heartbeat.ts';
export { Holdings } from './holdings.ts';
export { type AskPort, inquire, type TimedPort } from './inquire.ts';
export {
  DEFAULT_HOST,
  DEFAULT_HTTP_PORT,
  DEFAULT_PORT,
  limits,
  PROTOCOL_VERSION,
} from './limits.ts';
export { Link, type LinkEvents, type LinkOptions, type Session } from './link.ts';
export { type Log, silentLog } from './log.ts';
export { type Message, type MessageNamed, type VerbName, verbs } from './message-table.ts';
export { PackReader, type PackRules } from './pack-reader.ts';
export { PackWriter } from './pack-writer.ts';
export { decodePayload, encodePayload } from './payload.ts';
export {
  type ItemCounts,
  type LeasedItem,
  type PutOptions,
  QueueHandle,
  type QueuePort,
  settleToken,
  type WaitOptions,
} from './queue-handle.ts';
export { type Asked, promiseOf, type Request, Requests } from './requests.ts';
export { remainingMs, sendEnqueue } from './send-enqueue.ts';
export { type ConversationState, conversationMoves, nextState } from './session-machine.ts';
export {
  type Finding,
  findingKinds,
  type QueueStatus,
  type Status,
  type WorkerStatus,
} from './status.ts';
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
} from './task.ts';
export { isTaskId, taskIdMaker, taskIdStem } from './task-id.ts';
export type { Transport, TransportEvents } from './transport.ts';
export { TurnoverMap } from './turnover-map.ts';
export {
  checkManagerUrl,
  type Dial,
  dialWebSocket,
  wsTransport,
} from './ws-transport.ts';
