import {
  type Cancel,
  type Clock,
  Connection,
  type Dial,
  dialManager,
  heartbeatTimesOf,
  hedge,
  limits,
  type PeerReport,
  type RandomBytes,
  Reconnection,
  randomFraction,
} from '@millrace/protocol';

/** What the heartbeat connection needs to attach to a session. */
export interface HeartbeatTarget {
  readonly url: string;
  readonly keyId: string;
  readonly secret: Uint8Array;
  readonly sessionId: string;
  readonly ticket: Uint8Array;
  /** How long the manager keeps the session's leases without a connection. */
  readonly graceMs: number;
}

export interface HeartbeatLinkOptions {
  readonly clock: Clock;
  readonly dial: Dial;
  readonly randomBytes: RandomBytes;
  /** The report that this end sends in each PONG. */
  readonly report?: () => PeerReport;
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
  readonly #reconnection = new Reconnection();
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
    const { graceMs, keyId, secret, url } = target;
    const { clock, report } = this.#options;
    const dial = { ...this.#options, url, key: { keyId, secret }, role: 'heartbeat' } as const;
    const { limits: peerLimits, transport } = await hedge(() => dialManager(dial), {
      clock,
      everyMs: limits.resumeHedgeMs,
      forMs: this.#reconnection.graceLeftMs(clock.monotonicMs(), graceMs),
      discard: (late) => late.transport.terminate(),
    });
    if (attempt !== this.#attempt) {
      transport.terminate();
      return;
    }
    const connection: Connection = new Connection(
      {
        transport,
        side: 'dialler',
        clock,
        heartbeat: heartbeatTimesOf(peerLimits),
        messageMaxBytes: peerLimits.messageMaxBytes,
        outboundMaxBytes: peerLimits.messageMaxBytes,
        ...(report === undefined ? {} : { report }),
      },
      {
        messages: (messages) => {
          this.#reconnection.up();
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
      const { clock, randomBytes } = this.#options;
      const delayMs = this.#reconnection.delayMs(
        clock.monotonicMs(),
        this.#target?.graceMs ?? 0,
        randomFraction(randomBytes),
      );
      this.#connection = undefined;
      this.#stopWaiting();
      this.#stopWaiting = clock.after(delayMs, () => this.#attach());
    }
  }
}
