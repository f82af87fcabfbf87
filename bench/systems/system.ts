/** What the benchmark knows of a system: how to start its server, and which adapter drives it. */

export interface Server {
  /** What its adapter connects to. */
  readonly address: string;
  /** All processes of the server. */
  readonly pids: () => readonly number[];
  stop(): Promise<void>;
}

/** What not every system can do: many at once, results, keeping tasks while no worker is there. */
export type Ability = 'enqueueMany' | 'call' | 'backlog';

export interface System {
  readonly name: string;
  readonly title: string;
  /** When a task is acknowledged, what has become of it. */
  readonly durability: string;
  readonly abilities: readonly Ability[];
  /** Why it cannot run on this machine, or nothing. */
  readonly missing: () => string | undefined;
  /** Of server and client library. */
  readonly version: () => string;
  /** Starts the server on a free port of loopback, with its data in a directory that is empty or its own. */
  startServer(directory: string): Promise<Server>;
  /** The command of one end: role and address follow. */
  readonly end: (role: 'producer' | 'worker') => readonly string[];
}
