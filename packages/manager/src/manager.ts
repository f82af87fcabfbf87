import { randomBytes as systemRandomBytes } from 'node:crypto';
import {
  type Clock,
  checkName,
  checkOptions,
  checkText,
  DEFAULT_HOST,
  DEFAULT_KEY_ID,
  DEFAULT_PORT,
  type Log,
  limits,
  MillraceError,
  type QueueHandle,
  type RandomBytes,
  type ScheduleSpec,
  type Status,
  secretBytes,
  silentLog,
  systemClock,
} from '@millrace/protocol';
import { Broker } from './broker.ts';
import type { HttpListener } from './door/http/http-listener.ts';
import { checkHttpOptions, type HttpOptions } from './door/http/http-options.ts';
import { authorityOf, isLoopback } from './door/listen.ts';
import { Server } from './door/server.ts';
import type { QueueSpec } from './engine/core/queue.ts';
import { type Engine, makeEngine } from './engine/engine.ts';
import type { Journal } from './engine/store/journal.ts';
import { memoryJournal } from './engine/store/memory/memory-journal.ts';
import { explainNoDisk } from './no-disk.ts';
import { VERSION } from './version.ts';

export interface QueueOptions {
  /** Unfinished tasks and items that the queue may hold. Default 10,000,000. */
  readonly maxItems?: number;
  /** Payload bytes that the queue's unfinished tasks may hold. Default 16 GiB. */
  readonly maxBytes?: number;
  /** Order of tasks with equal priority: `fifo` gives the oldest first, `lifo` the newest. Default `fifo`. */
  readonly order?: 'fifo' | 'lifo';
}

export interface ManagerOptions {
  /** Default 127.0.0.1. A host off loopback needs `insecure`, because the connection is not encrypted. */
  readonly host?: string;
  /** Default 7420; 0 takes a free port. */
  readonly port?: number;
  /** The shared key, text or bytes. */
  readonly authkey: string | Uint8Array;
  /** Directory of the store. Default: none; everything is in memory and lost with the process. */
  readonly dataDir?: string;
  /** Allows a `host` beyond loopback, in plaintext. Default false. */
  readonly insecure?: boolean;
  /** Declares a queue when its name is first used. Default false: an undeclared queue is an error. */
  readonly autoQueues?: boolean;
  /** Largest payload or result, at most 64 MiB. Default 1 MiB. */
  readonly payloadMaxBytes?: number;
  /**
   * Bytes of results, errors and payloads of dead tasks that are kept; beyond that the oldest
   * are removed. Default 1 GiB.
   */
  readonly retainMaxBytes?: number;
  /**
   * A client without a request, a lease or a waiter is asked to leave after this time, and
   * dials again when it has something to say; 0 for never. Default 10 min.
   */
  readonly idleSessionMs?: number;
  /** Sessions at a time, in all, of one key, and of one network address. Default 10,000 each. */
  readonly sessionsMax?: number;
  readonly sessionsPerKeyMax?: number;
  readonly sessionsPerAddressMax?: number;
  /**
   * Schedules, as the command line reads them from `[schedules.NAME]`. Those of an earlier start
   * that are left out here are removed. A program uses `client.schedule` instead.
   */
  readonly schedules?: readonly ScheduleSpec[];
  /** How long after a restart leases wait for their workers. Default 15 s. */
  readonly restartGraceMs?: number;
  /** Receives the log lines; a logger of pino fits. Default: nothing is logged. */
  readonly log?: Log;
  /** Serves health checks, metrics and status over HTTP. Default: no HTTP. */
  readonly http?: HttpOptions;
  readonly clock?: Clock;
  readonly randomBytes?: RandomBytes;
}

const checkOption = (isGood: boolean, message: string): void => {
  if (!isGood) {
    throw new MillraceError('BAD_OPTION', message);
  }
};

const isWholeFrom = (min: number, value: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;

/** The options of a manager with their defaults filled in. */
interface Settings extends Required<Omit<ManagerOptions, 'dataDir' | 'http'>> {
  readonly dataDir: string | undefined;
  readonly http: HttpOptions | undefined;
}

/** Treats an option that is `undefined` as absent. */
const settingsOf = ({
  authkey,
  autoQueues = false,
  clock = systemClock,
  dataDir,
  host = DEFAULT_HOST,
  http,
  idleSessionMs = limits.idleSessionMs,
  insecure = false,
  log = silentLog,
  payloadMaxBytes = limits.payloadMaxBytes,
  port = DEFAULT_PORT,
  randomBytes = systemRandomBytes,
  restartGraceMs = limits.restartGraceMs,
  retainMaxBytes = limits.retainMaxBytes,
  schedules = [],
  sessionsMax = limits.sessionsMax,
  sessionsPerAddressMax = limits.sessionsPerAddressMax,
  sessionsPerKeyMax = limits.sessionsPerKeyMax,
}: ManagerOptions): Settings => ({
  authkey,
  autoQueues,
  clock,
  dataDir,
  host,
  http,
  idleSessionMs,
  insecure,
  log,
  payloadMaxBytes,
  port,
  randomBytes,
  restartGraceMs,
  retainMaxBytes,
  schedules,
  sessionsMax,
  sessionsPerAddressMax,
  sessionsPerKeyMax,
});

/** @throws BAD_OPTION */
const checkSettings = (settings: Settings): void => {
  const { authkey, dataDir, host, http = {}, insecure, log, payloadMaxBytes, port } = settings;
  checkText(host, 'host');
  checkText(dataDir ?? '', 'dataDir');
  checkOptions(http, 'http');
  checkOptions(log, 'log');
  checkOption(
    secretBytes(authkey).length > 0,
    'a manager needs an authkey: a shared secret of any length',
  );
  checkOption(isWholeFrom(0, port, 65_535), `port is a whole number from 0 to 65535, not ${port}`);
  checkOption(
    isWholeFrom(1, payloadMaxBytes, limits.payloadCeilingBytes),
    `payloadMaxBytes is a whole number from 1 to ${limits.payloadCeilingBytes}, not ${payloadMaxBytes}`,
  );
  for (const name of ['sessionsMax', 'sessionsPerKeyMax', 'sessionsPerAddressMax'] as const) {
    checkOption(
      isWholeFrom(1, settings[name], Number.MAX_SAFE_INTEGER),
      `${name} is a whole number from 1, not ${settings[name]}`,
    );
  }
  checkOption(
    settings.idleSessionMs === 0 ||
      isWholeFrom(limits.idleSessionMinMs, settings.idleSessionMs, limits.idleSessionMaxMs),
    `idleSessionMs is 0, or a whole number from ${limits.idleSessionMinMs} to ${limits.idleSessionMaxMs}, not ${settings.idleSessionMs}`,
  );
  for (const name of ['restartGraceMs', 'retainMaxBytes'] as const) {
    checkOption(
      isWholeFrom(0, settings[name], Number.MAX_SAFE_INTEGER),
      `${name} is a whole number from 0, not ${settings[name]}`,
    );
  }
  checkOption(
    isLoopback(host) || insecure,
    `listening on ${host} would send tasks and results in plaintext: keep 127.0.0.1, or pass --insecure on a network you trust`,
  );
  checkHttpOptions(http);
};

/** @throws BAD_OPTION */
const specOf = (name: string, options: QueueOptions): QueueSpec => {
  checkName('queue', name);
  checkOptions(options, `queue '${name}'`);
  const {
    maxBytes = limits.queueMaxBytes,
    maxItems = limits.queueMaxItems,
    order = 'fifo',
  } = options;
  for (const [bound, value] of Object.entries({ maxItems, maxBytes })) {
    checkOption(
      isWholeFrom(1, value, Number.MAX_SAFE_INTEGER),
      `${bound} of queue '${name}' is a whole number from 1`,
    );
  }
  checkOption(
    order === 'fifo' || order === 'lifo',
    `order of queue '${name}' is 'fifo' or 'lifo', not '${order}'`,
  );
  return { name, maxItems, maxBytes, order };
};

/** Where a started manager listens, and its epoch. */
export interface Started {
  readonly url: string;
  /** URL of health checks, metrics and status, if they are served. */
  readonly httpUrl: string | undefined;
  /** Number of this start; every start of a manager on this store is counted durably. */
  readonly epoch: number;
}

/** The parts of a running manager. */
interface Running {
  readonly engine: Engine;
  readonly server: Server;
  readonly broker: Broker;
  readonly url: string;
  readonly http: HttpListener | undefined;
  readonly httpUrl: string | undefined;
}

/**
 * Serves named queues over TCP. Declare queues with `register`, then `start`.
 *
 * @throws BAD_OPTION from the constructor
 */
export class Manager {
  readonly #options: Settings;
  readonly #queues = new Map<string, QueueSpec>();
  #starting: Promise<Started> | undefined;
  #running: Running | undefined;
  #failure: Error | undefined;
  #reportFailure: (error: Error) => void = () => {};
  /** Resolves when the store has failed or a defect was met. Nothing is acknowledged after that, and the process should end. */
  readonly failed: Promise<Error> = new Promise((resolve) => {
    this.#reportFailure = resolve;
  });

  constructor(options: ManagerOptions) {
    checkOptions(options, 'a manager');
    this.#options = settingsOf(options);
    checkSettings(this.#options);
  }

  /**
   * Declares a queue, before or after `start`.
   *
   * @throws BAD_OPTION for a bad name or bound, and for a queue beyond 10,000
   */
  register(name: string, options: QueueOptions = {}): this {
    const spec = specOf(name, options);
    const hasRoom = this.#queues.has(name) || this.#queues.size < limits.queuesMax;
    checkOption(
      this.#running?.engine.declareQueue(spec) ?? hasRoom,
      `queue '${name}' is one too many: a manager has at most ${limits.queuesMax} queues, those in its store included`,
    );
    this.#queues.set(name, spec);
    return this;
  }

  /**
   * Opens the store and listens. A call during a start waits for that start.
   *
   * @throws PORT_IN_USE, STORE_IN_USE, STORE_VERSION, STORE_FAILED; BAD_OPTION when the manager
   *   is started already, or has a store under `--disallow-code-generation-from-strings`
   */
  async start(): Promise<Started> {
    if (this.#running !== undefined) {
      throw new MillraceError('BAD_OPTION', 'this manager is already started');
    }
    this.#starting ??= this.#open().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #open(): Promise<Started> {
    const journal = await this.#openJournal();
    const engine = makeEngine({ ...this.#options, software: VERSION, journal });
    try {
      this.#running = await this.#serve(engine);
    } catch (error) {
      await engine.close();
      throw error;
    }
    const { engine: started, httpUrl, url } = this.#running;
    return { url, epoch: started.epoch, httpUrl };
  }

  /**
   * Says goodbye to all peers and closes the store, after waiting for a start in progress.
   * Leases stay in the store for the next start.
   */
  async stop(): Promise<void> {
    // The error of a failed start goes to the caller of `start`.
    await this.#starting?.catch(() => {});
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) {
      await running.broker.closeLocal();
      await Promise.all([running.server.close(), running.http?.close()]);
      await running.broker.close();
    }
  }

  /**
   * A queue of this manager, used from its own process. After `stop` its calls reject
   * with CLIENT_CLOSED.
   *
   * @throws BAD_OPTION before `start`
   */
  queue<T = unknown>(name: string): QueueHandle<T> {
    return this.#present.broker.queue<T>(name);
  }

  /** The status document. @throws BAD_OPTION before `start` */
  status(): Status {
    return this.#present.broker.status();
  }

  get #present(): Running {
    if (this.#running === undefined) {
      throw new MillraceError('BAD_OPTION', 'start the manager first');
    }
    return this.#running;
  }

  async #openJournal(): Promise<Journal> {
    const { dataDir } = this.#options;
    if (dataDir === undefined) {
      return memoryJournal();
    }
    // The import is dynamic, because a program that uses only the client must not load LMDB.
    const { diskJournal } = await import('./engine/store/disk/disk-journal.ts').catch(
      explainNoDisk,
    );
    return diskJournal(dataDir, this.#options.clock, this.#options.log);
  }

  async #serve(engine: Engine): Promise<Running> {
    const { host } = this.#options;
    let url = '';
    const broker = new Broker({
      ...this.#options,
      presence: this.#options,
      engine,
      secretOf: this.#secretOf,
      newQueue: (name) => (this.#options.autoQueues ? specOf(name, {}) : undefined),
      url: () => url,
      failed: (error) => {
        this.#failure = error;
        this.#reportFailure(error);
      },
    });
    for (const spec of this.#queues.values()) {
      engine.declareQueue(spec);
    }
    await broker.start();
    const server = new Server(this.#options, broker);
    try {
      url = `ws://${authorityOf(host, await server.listen())}`;
    } catch (error) {
      await broker.closeLocal();
      throw error;
    }
    try {
      const http = await this.#newHttpListener(broker);
      return { engine, server, broker, url, http, httpUrl: await http?.listen() };
    } catch (error) {
      await broker.closeLocal();
      await server.close();
      throw error;
    }
  }

  async #newHttpListener(broker: Broker): Promise<HttpListener | undefined> {
    const { http } = this.#options;
    if (http === undefined) {
      return undefined;
    }
    const { HttpListener } = await import('./door/http/http-listener.ts');
    const source = {
      status: () => broker.status(),
      notReady: () => this.#failure?.message,
    };
    return new HttpListener(http, source, this.#options.clock);
  }

  readonly #secretOf = (keyId: string): Uint8Array | undefined =>
    keyId === DEFAULT_KEY_ID ? secretBytes(this.#options.authkey) : undefined;
}
