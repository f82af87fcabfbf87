type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/**
 * The log of a manager or a worker; a logger of pino fits. Fields name queues, tasks,
 * workers and codes, never a payload or a key.
 */
export interface Log {
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/** Writes nothing. */
export const silentLog: Log = { info() {}, warn() {}, error() {} };
