import type { TimedPort } from '@millrace/protocol';

/** The part of a client from which a call gets ids for new tasks and the bound of their payloads. */
export interface CallPort extends TimedPort {
  newTaskId(): string;
  payloadMaxBytes(): number;
}

/** The part of a client that a call uses to send tasks. */
export interface ProducerPort extends CallPort {
  messageMaxBytes(): number;
}
