/**
 * Every error code of millrace: what it means, whether it ends the connection,
 * and whether the same request may succeed later. PROTOCOL.md quotes this table
 * and a test compares the two.
 */
export interface ErrorFacts {
  readonly meaning: string;
  readonly fatal: boolean;
  readonly retry: boolean;
}

const fatal = (meaning: string): ErrorFacts => ({ meaning, fatal: true, retry: false });
const fatalRetry = (meaning: string): ErrorFacts => ({ meaning, fatal: true, retry: true });
const refused = (meaning: string): ErrorFacts => ({ meaning, fatal: false, retry: false });
const later = (meaning: string): ErrorFacts => ({ meaning, fatal: false, retry: true });

export const errorTable = {
  // the connection
  MALFORMED_FRAME: fatal('bytes that are not a frame of this protocol'),
  UNKNOWN_VERB: fatal('a message type that this version does not have'),
  BAD_FIELD: fatal('a field of the wrong type or outside its bound'),
  UNEXPECTED_MESSAGE: fatal('a verb that is not allowed in this state of the session'),
  UNSUPPORTED_VERSION: fatal('the peer speaks another version of the protocol'),
  AUTH_FAILED: fatal('the key is wrong or unknown, or the peer could not prove that it has it'),
  AUTH_TIMEOUT: fatalRetry('the handshake was not finished in time'),
  BINDING_REFUSED: fatal('the channel binding of HELLO is not accepted on this listener'),
  TLS_REQUIRED: fatal('reserved for TLS: no manager sends it'),
  TOO_MANY_CONNECTIONS: fatalRetry('a cap on connections or sessions is reached'),
  PEER_DEAD: fatalRetry('the peer did not answer heartbeats'),
  SLOW_READER: fatalRetry('more waits to be sent than a connection may hold'),
  SUPERSEDED: fatalRetry('another connection resumed this session'),
  CONNECTION_LOST: fatalRetry('the connection ended before the answer'),
  CONNECT_FAILED: fatalRetry('no manager answered at this address'),
  SHUTTING_DOWN: fatalRetry('the peer is shutting down'),
  // requests
  UNKNOWN_QUEUE: refused('no queue of this name is declared'),
  QUEUE_FULL: later('the queue is at its bound, and stayed so for the whole timeout'),
  QUEUE_EMPTY: later('no item arrived within the timeout'),
  PAYLOAD_TOO_LARGE: refused('a payload is larger than the manager accepts'),
  TOO_MANY_NAMES: refused('the queue has as many task names as it may'),
  TOO_MANY_REQUESTS: later('the session has as many requests waiting as it may'),
  STORE_FULL: later('the store is below its reserve of free space'),
  UNKNOWN_TASK: refused('no task with this id, or it was removed'),
  RESULT_REMOVED: refused('the task ended, and its result is no longer kept'),
  KEY_IN_USE: refused('another task has the idempotency key of this one'),
  TASK_NOT_WAITING: refused('only a task that waits can change its priority'),
  TASK_NOT_DEAD: refused('only a dead task can be retried or dropped'),
  UNKNOWN_SCHEDULE: refused('no schedule has this name'),
  TOO_MANY_SCHEDULES: refused('the manager has as many schedules as it may'),
  UNKNOWN_WORKER: refused('no connected worker has this name or session'),
  LEASE_LOST: refused('the token is not the current one: the task was granted again or ended'),
  // local: never on the wire
  TIMEOUT: later('the wait ended before the answer; a task goes on'),
  ABORTED: refused('the signal of the call was aborted before the answer; a task goes on'),
  NOT_SENT: later('no manager was connected in the time of the call: it did not happen'),
  UNKNOWN: refused('no answer to a change in its time: it may or may not have happened'),
  NOT_LEASED: refused('taskDone without a leased item that it can mean'),
  CLIENT_CLOSED: refused('the client was closed'),
  TASK_DEAD: refused('the task failed for good'),
  TASK_CANCELLED: refused('the task was cancelled'),
  TASK_EXPIRED: refused('the task was not started before its expiry'),
  PAYLOAD_INVALID: refused('a value cannot be represented in MessagePack'),
  SCHEMA_MISMATCH: refused('a value does not match the schema of its task'),
  HANDLER_NOT_FOUND: refused('no handler is bound to this task'),
  HANDLER_NOT_IMPORTABLE: refused(
    'a handler that runs outside this process must come from a module',
  ),
  HANDLER_INVALID: refused('a handler module does not export an array of handlers'),
  RUNNER_DIED: later('the thread or process that ran the task ended'),
  UNHANDLED_REJECTION: later('a promise of the attempt was rejected, and nothing handled that'),
  UNCAUGHT_EXCEPTION: later('a callback of the attempt threw an error that nothing caught'),
  WORKER_STUCK: later('every slot of a pool is taken by an attempt that cannot be ended'),
  DEADLINE_EXCEEDED: later('the attempt did not end before its deadline'),
  SNOOZED_TOO_OFTEN: later('the handler has put its task off too often'),
  BAD_OPTION: refused('an option is missing, of the wrong type, or outside its bound'),
  CONFIG_NOT_FOUND: refused('no URL or key was found in any of the places searched'),
  OUTPUT_FAILED: refused('stdout could not be written'),
  PORT_IN_USE: refused('another process listens on this port'),
  STORE_IN_USE: refused('another manager has this data directory open'),
  STORE_VERSION: refused('the data directory was written by another version'),
  STORE_FAILED: fatal('the store failed to read or write; the manager stops'),
  INTERNAL: fatal('a defect in millrace: please report it'),
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof errorTable;

/** Whether a string received from a peer is a code of the table. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);
