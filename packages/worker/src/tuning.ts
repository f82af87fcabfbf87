const KIB = 1024;

/**
 * Numbers of the worker that only tune: a change alters speed, memory, or how soon
 * something is noticed. Bounds that users and peers can rely on are in `limits`.
 */
export const tuning = {
  /** Resolution of the histogram of event-loop delays, and part of each of its samples. */
  lagResolutionMs: 20,
  /** Time that a process has between SIGTERM and SIGKILL, at most half of the kill grace. */
  termToKillMs: 1_000,
  /** A thread or process that lives this long after its kill is lost; well below the slack of the manager's fence. */
  lostAfterKillMs: 500,
  /** How often a process slot checks that its worker still lives. */
  checkParentEveryMs: 1_000,
  /** Processes at a time for suspects, of all pools; further suspects wait in their slots. */
  isolatedProcesses: 4,
  /** Delay before a slot that ended without ever serving a run is replaced; doubles each time. */
  slotRestartFirstMs: 100,
  slotRestartMaxMs: 10_000,
  /** How often the event loop shows the heartbeat thread that it runs, and how often the thread looks. */
  beatEveryMs: 250,
  watchdogTickMs: 250,
  /** Longest wait for the main thread to say which task blocks it, and the most questions. */
  askMaxMs: 500,
  asksMax: 40,
  /** A stop signal finds the loop blocked only after this silence, however short the time to drain. */
  silentAtSignalMs: 1_000,
  /** Signals within this time count as one, as in the CLI. */
  sameSignalMs: 1_000,
  /** Aborts kept for grants that have not arrived; the oldest makes room. */
  earlyAbortsMax: 1_000,
  /** Reports are added to one SETTLE until it has this size. The last one may exceed it. */
  settleBytes: 32 * KIB,
  /** The most bytes a report takes in SETTLE, beside its result and the texts of its error. */
  reportFieldsBytes: 160,
} as const;
