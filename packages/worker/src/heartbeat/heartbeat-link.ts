import {
  type Cancel,
  type Clock,
  Connection,
  type Dial,
  dialManager,
  heartbeatTimesOf,
  type RandomBytes,
  randomFraction,
  reconnectDelayMs,
} from '@millrace/protocol';

/** What the heartbeat connection needs to attach to a session. */
export interface HeartbeatTarget {
  readonly url: string;
  readonly keyId: string;
  readonly secret: Uint8Array;
  readonly sessionId: string;
  readonly ticket: Uint8Array;
}

export interface HeartbeatLinkOptions {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly randomBytes: RandomBytes;
}

/**
 * Keeps the heartbeat connection: attaches it to a session, answers PINGs, and
 * attaches again when the connection ends. Only the newest attempt to connect counts.
 */
export class HeartbeatLink {
  readonly #options: HeartbeatLinkOptions;
  #target: HeartbeatTarget | undefined;
  #connection: Connection | undefined;
  #attempt = 0;
  #failures = 0;
  #stopWaiting: Cancel = () => {};

  constructor(options: HeartbeatLinkOptions) {
    this.#options = options;
  }

  /** Attaches to a session; keeps the newest ticket if it is attached to this session already. */
  follow(target: HeartbeatTarget): void {
    const isAttached =
      this.#connection !== undefined && this.#target?.sessionId === target.sessionId;
    this.#target = target;
    if (!isAttached) {
      this.#attach();
    }
  }

  #attach(): void {
    this.#stopWaiting();
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#connection?.close('another session');
    this.#connection = undefined;
    if (this.#target !== undefined) {
      this.#open(this.#target, attempt).catch(() => this.#ended(attempt));
    }
  }

  async #open(target: HeartbeatTarget, attempt: number): Promise<void> {
    const { keyId, secret, url } = target;
    const { limits, transport } = await dialManager({
      ...this.#options,
      url,
      key: { keyId, secret },
      role: 'heartbeat',
    });
    if (attempt !== this.#attempt) {
      transport.terminate();
      return;
    }
    const connection: Connection = new Connection(
      {
        transport,
        side: 'dialler',
        clock: this.#options.clock,
        heartbeat: heartbeatTimesOf(limits),
        messageMaxBytes: limits.messageMaxBytes,
        outboundMaxBytes: limits.messageMaxBytes,
      },
      {
        messages: (messages) => {
          this.#failures = 0;
          if (messages.some((message) => message.verb === 'goodbye')) {
            connection.send({ verb: 'goodbyeAck' });
          }
        },
        closed: () => this.#ended(attempt),
      },
    );
    this.#connection = connection;
    const { sessionId, ticket } = target;
    connection.send({ verb: 'attach', sessionId, ticket });
  }

  #ended(attempt: number): void {
    if (attempt === this.#attempt) {
      const delayMs = reconnectDelayMs(this.#failures, randomFraction(this.#options.randomBytes));
      this.#failures += 1;
      this.#connection = undefined;
      this.#stopWaiting();
      this.#stopWaiting = this.#options.clock.after(delayMs, () => this.#attach());
    }
  }
}
