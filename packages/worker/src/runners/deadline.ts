import type { Assignment } from './runner.ts';

/** When a run that starts now has to end, on the wall clock that all runners of a host share. */
export const deadlineOf = ({ deadlineMs }: Assignment): Date | null =>
  deadlineMs === null ? null : new Date(Date.now() + deadlineMs);
