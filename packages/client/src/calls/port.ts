import type { TimedPort } from '@millrace/protocol';

/** The part of a client that a call uses. */
export interface CallPort extends TimedPort {
  newTaskId(): string;
}

/** The part of a client that a call uses to send tasks: also the bounds that its manager announced. */
export interface ProducerPort extends CallPort {
  payloadMaxBytes(): number;
  messageMaxBytes(): number;
}
