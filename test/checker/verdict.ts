import type { CountClass } from './counts.ts';

/** The classes of failures. Each is a defect of the system that made the history. */
export const failureClasses = [
  'lost',
  'stuck',
  'phantom',
  'duplicate',
  'resurrected',
  'stale accepted',
  'token returned',
  'vanished',
  'early fence',
  'undeserved death',
  'spurious re-run',
  'slow recovery',
  'dealt while paused',
  'ended early',
  'silent too long',
  'done twice',
  'joined nothing',
  'stale input',
  'wrong version',
  'granted early',
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  readonly class: FailureClass;
  readonly task: string;
  readonly message: string;
}

export interface Verdict {
  readonly failures: readonly Failure[];
  /** Events that the guarantees allow but an operator should know of. */
  readonly counts: Readonly<Record<CountClass, number>>;
  readonly tasks: number;
}
