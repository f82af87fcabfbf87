import { decodeFrame, encodeFrame } from '../messages/frame.ts';
import {
  isNamed,
  type Message,
  type MessageNamed,
  type VerbName,
} from '../messages/message-table.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { type ErrorCode, isErrorCode } from '../words/error-codes.ts';
import { clip, MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import type { Transport } from './transport.ts';

/** A message of the handshake together with the bytes that carried it. */
export interface Exchanged<N extends VerbName> {
  readonly message: MessageNamed<N>;
  readonly frame: Uint8Array;
}

/**
 * The handshake's view of a transport: one message a frame, in turn, all within
 * one deadline and a small size.
 */
export class FrameExchange {
  readonly #transport: Transport;
  #frames: Uint8Array[] = [];
  #waiting: { resolve(frame: Uint8Array): void; reject(error: Error): void } | undefined;
  #ended: MillraceError | undefined;
  readonly #clock: Clock;
  readonly #stopTimer: Cancel;
  #stopCutOff: Cancel = () => {};

  constructor(transport: Transport, clock: Clock, timeoutMs: number) {
    this.#transport = transport;
    this.#clock = clock;
    this.#stopTimer = clock.after(timeoutMs, () => {
      this.#end(new MillraceError('AUTH_TIMEOUT', `no handshake within ${timeoutMs} ms`));
    });
    transport.listen({
      frame: (frame) => this.#frame(frame),
      drained() {},
      closed: (reason) => {
        this.#stopCutOff();
        this.#end(new MillraceError('CONNECTION_LOST', `the peer ended the handshake: ${reason}`));
      },
    });
  }

  send(message: Message): Uint8Array {
    const frame = encodeFrame([message]);
    this.#transport.send(frame);
    return frame;
  }

  /**
   * The next frame, which must hold exactly this verb.
   *
   * @throws what the peer reported as ERROR, UNEXPECTED_MESSAGE, AUTH_TIMEOUT,
   *   CONNECTION_LOST, or what decoding found
   */
  async receive<N extends VerbName>(name: N): Promise<Exchanged<N>> {
    const frame = await this.#next();
    const [message, ...more] = decodeFrame(frame);
    if (message === undefined || more.length > 0) {
      throw new MillraceError('UNEXPECTED_MESSAGE', 'a handshake frame holds one message');
    }
    if (isNamed(message, 'error')) {
      throw errorFromPeer(message);
    }
    if (!isNamed(message, name)) {
      throw new MillraceError('UNEXPECTED_MESSAGE', `expected ${name}, received ${message.verb}`);
    }
    return { message, frame };
  }

  /**
   * Nothing may follow the handshake until both sides have finished it: it would
   * fall between this receiver and the next.
   *
   * @throws what the peer reported as ERROR, or UNEXPECTED_MESSAGE
   */
  requireQuiet(): void {
    const frame = this.#frames.shift();
    if (frame === undefined) {
      return;
    }
    const [message] = decodeFrame(frame);
    if (message !== undefined && isNamed(message, 'error')) {
      throw errorFromPeer(message);
    }
    throw new MillraceError('UNEXPECTED_MESSAGE', 'a message before the handshake was finished');
  }

  /** Reports why the handshake failed and ends the connection, soon even if the peer does not. */
  refuse(code: ErrorCode, reason: string): void {
    this.send({
      verb: 'error',
      requestId: 0,
      code,
      message: clip(reason, limits.errorMessageMaxBytes),
    });
    this.#stopCutOff = this.#clock.after(limits.farewellMaxMs, () => this.#transport.terminate());
    this.#transport.close();
  }

  /** Stops the deadline; the transport's next owner listens from here on. */
  finish(): void {
    this.#stopTimer();
  }

  #next(): Promise<Uint8Array> {
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      return Promise.resolve(frame);
    }
    if (this.#ended !== undefined) {
      return Promise.reject(this.#ended);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #frame(frame: Uint8Array): void {
    if (frame.length > limits.handshakeFrameMaxBytes || this.#frames.length > 0) {
      this.#end(new MillraceError('MALFORMED_FRAME', 'too many bytes before authentication'));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) {
      this.#frames.push(frame);
    } else {
      waiting.resolve(frame);
    }
  }

  #end(error: MillraceError): void {
    this.#ended ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** An ERROR of the peer as an exception; an unknown code of a newer peer is kept in the text. */
export const errorFromPeer = (message: MessageNamed<'error'>): MillraceError => {
  return isErrorCode(message.code)
    ? new MillraceError(message.code, message.message)
    : new MillraceError('INTERNAL', `${message.code}: ${message.message}`);
};
