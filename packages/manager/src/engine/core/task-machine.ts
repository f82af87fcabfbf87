import { MillraceError, type Outcome, outcomes, type TaskState } from '@millrace/protocol';

/**
 * The life of a task: every legal move by its name. A task is born `scheduled`
 * or `ready`, and nothing leaves a final state.
 */
export const taskMoves = {
  scheduled: { fallDue: 'ready', cancel: 'cancelled', expire: 'expired' },
  ready: { lease: 'leased', cancel: 'cancelled', expire: 'expired' },
  leased: {
    succeed: 'succeeded',
    retry: 'scheduled',
    return: 'ready',
    die: 'dead',
    cancel: 'cancelled',
  },
  succeeded: {},
  dead: {},
  cancelled: {},
  expired: {},
} as const satisfies Record<TaskState, Readonly<Record<string, TaskState>>>;

type MovesOf<S> = S extends TaskState ? keyof (typeof taskMoves)[S] : never;
export type TaskMove = MovesOf<TaskState>;

const moves: Readonly<Record<TaskState, Partial<Record<TaskMove, TaskState>>>> = taskMoves;

const finalStates: ReadonlySet<TaskState> = new Set(outcomes);

/** Whether a task has ended. */
export const isFinished = (state: TaskState): state is Outcome => finalStates.has(state);

/**
 * The one place where a task's state changes.
 *
 * @throws INTERNAL `invalid move [state -> move]`: a defect, which ends the manager
 */
export const move = (task: { state: TaskState; readonly id: string }, name: TaskMove): void => {
  const next = moves[task.state][name];
  if (next === undefined) {
    throw new MillraceError(
      'INTERNAL',
      `invalid move [${task.state} -> ${name}] of task ${task.id}`,
    );
  }
  task.state = next;
};
