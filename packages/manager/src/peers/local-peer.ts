import {
  type Asked,
  endedBySignal,
  Holdings,
  Leases,
  type Message,
  MillraceError,
  QueueHandle,
  type QueuePort,
  type RandomBytes,
  Requests,
  returnItems,
  TurnoverMap,
  taskIdMaker,
} from '@millrace/protocol';
import { runCommands } from '../commands/command-table.ts';
import type { Services } from '../commands/services.ts';
import type { Credit, OpenRequest, Peer, PoolRoom } from '../waiting/peer.ts';

const stopped = (): MillraceError => new MillraceError('CLIENT_CLOSED', 'the manager was stopped');

/** The process of the manager as a client of it: the same commands without a connection. */
export class LocalPeer implements Peer {
  readonly sessionId: string;
  readonly role = 'client';
  readonly openRequests = new TurnoverMap<number, OpenRequest>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  #hasEnded = false;
  readonly isCongested = false;
  readonly #services: Services;
  readonly #requests = new Requests((requestId) => this.#run({ verb: 'withdraw', requestId }));
  readonly #port: QueuePort;

  constructor(services: Services, randomBytes: RandomBytes, payloadMaxBytes: number) {
    this.#services = services;
    this.sessionId = services.newSessionId();
    services.engine.openSession({ sessionId: this.sessionId, name: 'manager' });
    this.#port = {
      clock: services.clock,
      newTaskId: taskIdMaker(() => services.clock.wallMs(), randomBytes),
      payloadMaxBytes: () => payloadMaxBytes,
      messageMaxBytes: () => Number.POSITIVE_INFINITY,
      ask: (asked) => this.#ask(asked),
      refusal: () => (this.#hasEnded ? stopped() : undefined),
      // Without a connection there is no RESUME, whose size bounds the items that others hold.
      holdings: new Holdings(Number.POSITIVE_INFINITY),
      leases: new Leases(),
    };
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  queue<T>(name: string): QueueHandle<T> {
    return new QueueHandle<T>(name, this.#port);
  }

  readonly onceDrained = (run: () => void): void => run();

  readonly send = (message: Message): void => {
    const isAwaited = this.#requests.take(message, (again) => this.#run(again));
    if (!isAwaited) {
      // An item whose `get` was aborted meanwhile goes back to its queue.
      returnItems(this.#port, message);
    }
  };

  readonly sendNow = this.send;

  readonly sendSoon = this.send;

  /** Rejects requests that wait and all later ones. Its leases return to their queues. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    this.#requests.failAll(stopped());
    for (const request of this.openRequests.values()) {
      request.withdraw();
    }
    // After a failure of the store, which has been reported, leases cannot be given back.
    await this.#services.engine.endSession(this.sessionId).catch(() => {});
  }

  #ask(asked: Asked): void {
    if (this.#hasEnded) {
      asked.failed(stopped());
    } else if (!endedBySignal(asked)) {
      this.#run(asked.build(this.#requests.open(asked)));
    }
  }

  #run(message: Message): void {
    runCommands(this.#services, this, [message]).catch((error: unknown) => {
      const cause =
        error instanceof MillraceError ? error : new MillraceError('INTERNAL', String(error));
      this.#requests.failAll(cause);
    });
  }
}
