import { MillraceError, type Outcome, type TaskError } from '@millrace/protocol';
import { describeRemote, errorOf, type RemoteError, remoteErrorOf } from './remote-error.ts';

/**
 * A task ended without a result. `remote` is the last error of the task as plain data, and
 * `cause` is the same as an error, with the causes and the inner errors that it had.
 */
export class TaskFailed extends MillraceError {
  static override readonly kind = 'TaskFailed';

  readonly taskId: string;
  readonly remote: RemoteError | undefined;

  constructor(
    taskId: string,
    outcome: Exclude<Outcome, 'succeeded'>,
    error: TaskError | undefined,
  ) {
    const code = (
      { dead: 'TASK_DEAD', cancelled: 'TASK_CANCELLED', expired: 'TASK_EXPIRED' } as const
    )[outcome];
    const remote = error && remoteErrorOf(error);
    const because = remote === undefined ? '' : `: ${describeRemote(remote)}`;
    super(
      code,
      `task ${taskId} is ${outcome}${because}`,
      remote === undefined ? {} : { cause: errorOf(remote) },
    );
    this.name = 'TaskFailed';
    this.taskId = taskId;
    this.remote = remote;
  }
}
