import { type Message, type Role, TurnoverMap } from '@millrace/protocol';
import type { Credit, OpenRequest, Peer, PoolRoom } from '../waiting/peer.ts';

/** A peer that keeps the messages sent to it. */
export class RecordingPeer implements Peer {
  readonly sessionId: string;
  readonly role: Role;
  readonly openRequests = new TurnoverMap<number, OpenRequest>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  readonly sent: Message[] = [];
  hasEnded = false;
  isCongested = false;
  readonly #whenDrained: (() => void)[] = [];

  constructor(sessionId: string, role: Role = 'client') {
    this.sessionId = sessionId;
    this.role = role;
  }

  readonly send = (message: Message): void => void this.sent.push(message);

  /** The messages that were sent by `sendNow`. */
  readonly hurried = new Set<Message>();

  readonly sendNow = (message: Message): void => {
    this.hurried.add(message);
    this.send(message);
  };

  readonly sendSoon = this.send;

  readonly onceDrained = (run: () => void): void => void this.#whenDrained.push(run);

  /** The messages since the last call, as `verb requestId`. */
  take(): string[] {
    return this.sent
      .splice(0)
      .map((message) =>
        `${message.verb} ${'requestId' in message ? message.requestId : ''}`.trim(),
      );
  }

  get drainsAwaited(): number {
    return this.#whenDrained.length;
  }

  drain(): void {
    this.isCongested = false;
    for (const run of this.#whenDrained.splice(0)) {
      run();
    }
  }
}
