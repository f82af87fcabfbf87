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
 * A transport during the handshake: one message per frame, small frames, and one
 * deadline for all of them.
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
   * Receives the next frame, which must hold one message of this verb.
   *
   * @throws the ERROR that the peer sent; UNEXPECTED_MESSAGE, AUTH_TIMEOUT,
   *   CONNECTION_LOST; what decoding throws
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
   * Refuses a frame that arrived before both sides finished the handshake: it would be
   * lost between this receiver and the next.
   *
   * @throws the ERROR that the peer sent; UNEXPECTED_MESSAGE
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

  /** Tells the peer why the handshake failed and closes the transport; cuts it off if the peer does not end it soon. */
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

/** An ERROR of the peer as an exception. The unknown code of a newer peer becomes INTERNAL and stays in the text. */
export const errorFromPeer = (message: MessageNamed<'error'>): MillraceError => {
  return isErrorCode(message.code)
    ? new MillraceError(message.code, message.message)
    : new MillraceError('INTERNAL', `${message.code}: ${message.message}`);
};
