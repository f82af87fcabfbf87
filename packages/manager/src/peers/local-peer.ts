import {
  type Asked,
  Holdings,
  type Message,
  MillraceError,
  QueueHandle,
  type QueuePort,
  type RandomBytes,
  Requests,
  TurnoverMap,
  taskIdMaker,
} from '@millrace/protocol';
import { runCommands } from '../commands/command-table.ts';
import type { Services } from '../commands/services.ts';
import type { Credit, OpenRequest, Peer, PoolRoom } from '../waiting/peer.ts';

const stopped = (): MillraceError => new MillraceError('CLIENT_CLOSED', 'the manager was stopped');

/** The manager as its own client: the same commands, without a connection between. */
export class LocalPeer implements Peer {
  readonly sessionId: string;
  readonly role = 'client';
  readonly openRequests = new TurnoverMap<number, OpenRequest>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  #hasEnded = false;
  readonly isCongested = false;
  readonly #services: Services;
  readonly #requests = new Requests();
  readonly #port: QueuePort;

  constructor(services: Services, randomBytes: RandomBytes, payloadMaxBytes: number) {
    this.#services = services;
    this.sessionId = services.newSessionId();
    services.engine.openSession(this.sessionId);
    this.#port = {
      clock: services.clock,
      newTaskId: taskIdMaker(() => services.clock.wallMs(), randomBytes),
      payloadMaxBytes: () => payloadMaxBytes,
      ask: (asked) => this.#ask(asked),
      refusal: () => (this.#hasEnded ? stopped() : undefined),
      // A session without a connection is never taken up again.
      holdings: new Holdings(Number.POSITIVE_INFINITY),
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
    this.#requests.take(message, (again) => this.#run(again));
  };

  readonly sendNow = this.send;

  readonly sendSoon = this.send;

  /** Ends what still waits, and refuses what is asked later; leases return. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    this.#requests.failAll(stopped());
    for (const request of this.openRequests.values()) {
      request.withdraw();
    }
    // A failed store has been told, and nothing can be given back to it.
    await this.#services.engine.endSession(this.sessionId).catch(() => {});
  }

  #ask(asked: Asked): void {
    if (this.#hasEnded) {
      asked.failed(stopped());
    } else {
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
