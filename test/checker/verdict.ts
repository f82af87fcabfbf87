import type { CountClass } from './counts.ts';

/** Each of these is a defect. */
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
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  readonly class: FailureClass;
  readonly task: string;
  readonly message: string;
}

export interface Verdict {
  readonly failures: readonly Failure[];
  /** What the promises allow and an operator wants to know. */
  readonly counts: Readonly<Record<CountClass, number>>;
  readonly tasks: number;
}
