import {
  type Clock,
  type Log,
  limits,
  MillraceError,
  type QueueHandle,
  type RandomBytes,
  type ScheduleSpec,
  type Status,
  silentLog,
  type Transport,
} from '@millrace/protocol';
import type { Services } from './commands/services.ts';
import type { QueueSpec } from './engine/core/queue.ts';
import type { Engine } from './engine/engine.ts';
import { Admission, type AdmissionBounds } from './peers/admission.ts';
import { Attendant } from './peers/attendant.ts';
import { LocalPeer } from './peers/local-peer.ts';
import { Presence, type PresenceOptions } from './peers/presence.ts';
import { Reception } from './peers/reception.ts';
import { Chronicle } from './report/chronicle.ts';
import { StatusDesk } from './report/status.ts';
import { VERSION } from './version.ts';
import { Dispatcher } from './waiting/dispatcher.ts';
import { Joins } from './waiting/joins.ts';
import { Results } from './waiting/results.ts';
import { Room } from './waiting/room.ts';
import { Settlements } from './waiting/settlements.ts';
import { Waits } from './waiting/waits.ts';

export interface BrokerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly secretOf: (keyId: string) => Uint8Array | undefined;
  readonly payloadMaxBytes: number;
  /** The queue to declare for an undeclared name; undefined if such a name is an error. */
  readonly newQueue: (name: string) => QueueSpec | undefined;
  /** Schedules of the configuration. */
  readonly schedules?: readonly ScheduleSpec[];
  readonly url: () => string;
  /** Bounds on sockets without a key, and on sessions, that differ from the defaults in `limits`. */
  readonly admission?: Partial<AdmissionBounds>;
  readonly presence?: Partial<PresenceOptions>;
  readonly log?: Log;
  /** The store failed, or a defect was met; nothing is acknowledged from here on. */
  readonly failed: (error: Error) => void;
}

const SESSION_ID_BYTES = 15;

/** A manager without its sockets: engine, commands, sessions, and the requests that wait. */
export class Broker {
  readonly admission: Admission;
  readonly #options: BrokerOptions;
  readonly #waits: Waits;
  readonly #services: Services;
  readonly #presence: Presence;
  readonly #reception: Reception;
  readonly #statusDesk: StatusDesk;
  readonly #chronicle: Chronicle;
  readonly #attendant: Attendant;
  #local: LocalPeer | undefined;

  constructor(options: BrokerOptions) {
    const { clock, engine } = options;
    this.#options = options;
    this.admission = new Admission(clock, { ...limits, ...options.admission });
    this.#waits = new Waits(clock);
    const results = new Results(engine, this.#waits);
    const room = new Room(engine, this.#waits);
    this.#services = {
      clock,
      engine,
      dispatcher: new Dispatcher(engine),
      results,
      joins: new Joins(engine, this.#waits),
      room,
      settlements: new Settlements(engine, results, room),
      waits: this.#waits,
      admitQueue: (name) => this.#admitQueue(name),
      newSessionId: () => Buffer.from(options.randomBytes(SESSION_ID_BYTES)).toString('base64url'),
      drainWorkers: (worker) => this.#reception.drainWorkers(worker),
      status: () => this.status(),
    };
    const { log = silentLog } = options;
    this.#chronicle = new Chronicle(log, engine);
    this.#presence = new Presence(clock, { ...limits, ...options.presence });
    this.#reception = new Reception(this.#services, this.#chronicle, this.#presence);
    this.#statusDesk = new StatusDesk({
      engine,
      clock,
      reception: this.#reception,
      admission: this.admission,
      url: options.url,
    });
    if (log !== silentLog) {
      this.#statusDesk.onSample = (notices) => this.#chronicle.found(notices);
    }
    const software = `millrace ${VERSION}`;
    this.#attendant = new Attendant({ ...options, software }, this.#services, this.#reception);
  }

  /** Opens the engine. @throws STORE_VERSION, STORE_FAILED */
  async start(): Promise<void> {
    const { dispatcher, engine, joins, results, room } = this.#services;
    await engine.start({
      ready: (laneKey, count) => dispatcher.ready(laneKey, count),
      finished: (tasks) => {
        results.deliver(tasks);
        this.#chronicle.finished(tasks);
      },
      abort: (sessionId, token, reason) => {
        const session = this.#reception.sessions.get(sessionId);
        session?.send({ verb: 'abort', token, reason });
        if (reason === 'fenced') {
          this.#chronicle.fenced(session, token);
        }
      },
      room: (queue) => {
        room.invite(queue);
        joins.look(queue);
      },
      failed: (error) => this.#options.failed(error),
    });
    await this.#declareSchedules();
    this.#statusDesk.start();
  }

  /**
   * Makes the schedules of the configuration, and declares the queues of all schedules, if names are
   * declared when they are first used.
   */
  async #declareSchedules(): Promise<void> {
    const { engine, newQueue, schedules = [] } = this.#options;
    for (const { queue } of schedules) {
      this.#admitQueue(queue);
    }
    const refusal = await engine.declareSchedules(schedules);
    if (refusal !== undefined) {
      throw new MillraceError(refusal.refused, refusal.message);
    }
    for (let after: string | undefined; newQueue('any') !== undefined; ) {
      const page = await engine.listSchedules({ after });
      for (const { queue } of page.schedules) {
        this.#admitQueue(queue);
      }
      if (page.next === undefined) {
        return;
      }
      after = page.next;
    }
  }

  /** Serves a peer. @throws the error of the handshake */
  async attend(transport: Transport): Promise<void> {
    try {
      await this.#attendant.attend(transport);
    } catch (error) {
      const nowMs = this.#options.clock.monotonicMs();
      this.#chronicle.refused(transport.remoteAddress, error, nowMs);
      throw error;
    }
  }

  /** Says goodbye to all peers. */
  sayGoodbye(reason: string): void {
    this.#attendant.sayGoodbye(reason);
  }

  /** A queue that the process of the manager uses itself. */
  queue<T>(name: string): QueueHandle<T> {
    const { payloadMaxBytes, randomBytes } = this.#options;
    this.#local ??= new LocalPeer(this.#services, randomBytes, payloadMaxBytes);
    return this.#local.queue<T>(name);
  }

  status(): Status {
    return this.#statusDesk.document();
  }

  /** Stops sampling the status, and ends the requests of `queue`, before the peers leave. */
  async closeLocal(): Promise<void> {
    this.#statusDesk.stop();
    await this.#local?.close();
  }

  /** Closes the engine, after the peers have left. */
  async close(): Promise<void> {
    this.#waits.stop();
    this.#presence.stop();
    await this.#options.engine.close();
  }

  #admitQueue(name: string): void {
    const { engine, newQueue } = this.#options;
    if (!engine.hasQueue(name)) {
      const spec = newQueue(name);
      if (spec !== undefined) {
        engine.declareQueue(spec);
      }
    }
  }
}
