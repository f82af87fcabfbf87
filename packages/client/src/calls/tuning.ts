/** Values that change the speed of a client and never what it does; `limits` has those that others rely on. */
export const tuning = {
  /** Dead tasks retried or dropped at once: their payloads become one batch of the store. */
  bulkTasks: 100,
} as const;
