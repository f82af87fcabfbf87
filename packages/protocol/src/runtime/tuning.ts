/** Values that change the speed of a peer and never what it does; `limits` has those that others rely on. */
export const tuning = {
  /** A message that no reader waits for leaves with the next one, or after this long. */
  sendSoonMs: 5,
  /** Bytes waiting to be sent beyond which a manager holds back grants, items and results. */
  congestedBytes: 4 * 1024 * 1024,
  /** Bytes in the transport beyond which frames wait in the outbox. */
  transportHighWaterBytes: 1024 * 1024,
  /** Memory of a frame beyond its probable size, so that a slightly larger one is not moved. */
  frameSlackBytes: 512,
  /** First allocation of a writer. */
  writerFirstBytes: 256,
  /** Texts up to this length are written character by character; longer ones by the platform. */
  shortTextChars: 64,
  /** Interval at which requests are checked for the end of their time. */
  giveUpTickMs: 250,
  /** New entries beyond twice the size of a TurnoverMap after which it begins a new Map. */
  turnoverSpare: 64,
} as const;
