const MIB = 1024 * 1024;

/**
 * Numbers of the CLI that only tune: a change alters speed, memory, or how soon
 * something is noticed. Bounds that users can rely on are in `limits`.
 */
export const tuning = {
  /** Pause after a source file changed, because editors write a file in several steps. */
  sourceSettleMs: 200,
  /** Longest wait for an answer before `status --watch` shows the manager as unreachable. */
  statusPatienceMs: 1_500,
  /** Pause before `dev` starts a new worker after one that drained by a fault of its own. */
  devRestartMs: 1_000,
  /** Log lines kept while the disk of the log is full, some thousands; later ones are dropped. */
  logUnwrittenMaxBytes: MIB,
  /** How often a command under `npm run` or `npx` checks that npm still lives. */
  checkParentEveryMs: 500,
  /** Longest wait of an ending process for calls in Node's pool of threads. */
  lastCallsMs: 30,
  /** Longest wait of a starting manager for an answer of another manager in the same folder. */
  servedPatienceMs: 1_500,
  /** Part of the time of a stop that is kept for the end of the process. */
  exitReserveMs: 250,
  /** Part of the time of a stop of `dev` that is kept for its manager. */
  devManagerStopMs: 1_500,
} as const;
