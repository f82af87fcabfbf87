import type { Assignment } from './runner.ts';

/** When a run that starts now has to end, in ms on the wall clock that all runners of a host share. */
export const deadlineOf = ({ deadlineMs }: Assignment): number | null =>
  deadlineMs === null ? null : Date.now() + deadlineMs;
