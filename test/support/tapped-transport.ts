import { decodeFrame, type Message, type Transport } from '@millrace/protocol';

/** Sees the messages of a connection. */
export interface Tap {
  sent(message: Message): void;
  received(message: Message): void;
  closed?(): void;
}

/** A transport whose messages pass a tap first, in both directions. */
export const tapped = (transport: Transport, tap: Tap): Transport => ({
  ...transport,
  get waitingBytes() {
    return transport.waitingBytes;
  },
  send(frame) {
    // Copied, because a tap may keep messages, and the bytes of a frame are reused.
    for (const message of decodeFrame(Uint8Array.from(frame))) {
      tap.sent(message);
    }
    transport.send(frame);
  },
  listen(events) {
    transport.listen({
      ...events,
      frame(bytes) {
        for (const message of decodeFrame(bytes)) {
          tap.received(message);
        }
        events.frame(bytes);
      },
      closed(reason) {
        tap.closed?.();
        events.closed(reason);
      },
    });
  },
});
