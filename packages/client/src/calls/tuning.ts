/** Values that change the speed of a client and never what it does. What others can rely on is in `limits`. */
export const tuning = {
  /** Dead tasks retried or dropped at once: their payloads become one batch of the store. */
  bulkTasks: 100,
} as const;
