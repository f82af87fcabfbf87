/** A system of the benchmark: how to start its server, and which adapter drives it. */

export interface Server {
  /** The address that the adapter connects to. */
  readonly address: string;
  /** The ids of all processes of the server. */
  readonly pids: () => readonly number[];
  stop(): Promise<void>;
}

/** Abilities that some systems lack: enqueueing many at once, results, a backlog without a worker. */
export type Ability = 'enqueueMany' | 'call' | 'backlog';

export interface System {
  readonly name: string;
  readonly title: string;
  /** The guarantee for an acknowledged task: flushed, written or in memory. */
  readonly durability: string;
  readonly abilities: readonly Ability[];
  /** Why the system cannot run on this machine, or undefined. */
  readonly missing: () => string | undefined;
  /** The versions of server and client library. */
  readonly version: () => string;
  /** Starts the server on a free port of loopback. The directory is empty or has the data of an earlier start. */
  startServer(directory: string): Promise<Server>;
  /** The command that starts one end, to which the server's address is appended. */
  readonly end: (role: 'producer' | 'worker') => readonly string[];
}
