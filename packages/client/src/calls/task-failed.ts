import { MillraceError, type Outcome, type TaskError } from '@millrace/protocol';

/** A task ended without a result; `remote` is the last error of the task, as plain data. */
export class TaskFailed extends MillraceError {
  static override readonly kind = 'TaskFailed';

  readonly taskId: string;
  readonly remote: TaskError | undefined;

  constructor(
    taskId: string,
    outcome: Exclude<Outcome, 'succeeded'>,
    remote: TaskError | undefined,
  ) {
    const code = (
      { dead: 'TASK_DEAD', cancelled: 'TASK_CANCELLED', expired: 'TASK_EXPIRED' } as const
    )[outcome];
    const because = remote === undefined ? '' : `: ${remote.name}: ${remote.message}`;
    super(code, `task ${taskId} is ${outcome}${because}`);
    this.name = 'TaskFailed';
    this.taskId = taskId;
    this.remote = remote;
  }
}
