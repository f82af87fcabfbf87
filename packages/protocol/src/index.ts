export { checkFrame, checkPayload } from './bytes-check.ts';
export {
  checkName,
  checkSchema,
  checkTaskOptions,
  DEFAULT_QUEUE,
  type AnyTask,
  type DefineOptions,
  defineTask,
  type TaskDefinition,
  type TaskOptions,
} from './definition.ts';
export { type ErrorCode, type ErrorFacts, errorTable, isErrorCode } from './error-codes.ts';
export {
  codeOf,
  MillraceError,
  messageOf,
  QueueEmpty,
  QueueFull,
  Unrecoverable,
} from './errors.ts';
export { DEFAULT_HOST, DEFAULT_PORT, limits, PROTOCOL_VERSION } from './limits.ts';
export { decodePayload, encodePayload } from './payload.ts';
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
export { taskIdMaker } from './task-id.ts';
