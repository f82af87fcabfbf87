import {
  type CallOptions,
  checkCall,
  decodePayload,
  inquire,
  type MessageNamed,
  readAbandoned,
  type TimedPort,
} from '@millrace/protocol';
import { type RemoteError, remoteErrorOf } from './remote-error.ts';

/** An attempt that has ended. */
export interface PastAttempt
  extends Omit<NonNullable<MessageNamed<'taskInfo'>['history']>[number], 'error'> {
  /** The error has a message of at most 1 KiB and a stack of at most 2 KiB. */
  readonly error: RemoteError | undefined;
}

/** A task as its manager knows it. An older manager leaves out the times. */
export interface TaskInfo
  extends Omit<
    MessageNamed<'taskInfo'>,
    'verb' | 'requestId' | 'payload' | 'result' | 'error' | 'history'
  > {
  /** The last failure. */
  readonly error: RemoteError | undefined;
  /**
   * The last attempts of the task, the oldest first, 20 at most. A task that succeeded in its
   * first attempt has no history.
   */
  readonly history: readonly PastAttempt[];
  /** If it was asked for. A task that ended lacks it, unless it is dead. */
  readonly payload?: unknown;
  /** If it was asked for, and the task succeeded with a result. */
  readonly result?: unknown;
}

export interface InspectOptions extends CallOptions {
  /** Asks for payload and result, too. Default false. */
  readonly withData?: boolean;
}

export const inspect = async (
  port: TimedPort,
  taskId: string,
  options: InspectOptions,
): Promise<TaskInfo> => {
  checkCall(options, `the state of task ${taskId}`);
  const { withData, ...call } = options;
  const reply = await inquire(
    port,
    'taskInfo',
    {
      build: (requestId) => ({ verb: 'inspect', requestId, taskId, withData }),
      giveUp: (end, timeoutMs) => readAbandoned(end, `the state of task ${taskId}`, timeoutMs),
    },
    call,
  );
  const { error, history, requestId: _requestId, verb: _verb, payload, result, ...info } = reply;
  return {
    ...info,
    error: error && remoteErrorOf(error),
    history: (history ?? []).map((attempt) => ({
      ...attempt,
      error: attempt.error && remoteErrorOf(attempt.error),
    })),
    ...(payload === undefined ? {} : { payload: decodePayload(payload, 'the payload') }),
    ...(result === undefined ? {} : { result: decodePayload(result, 'the result') }),
  };
};
