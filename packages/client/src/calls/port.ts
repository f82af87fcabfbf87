import type { TimedPort } from '@millrace/protocol';

/** What a call needs from its client. */
export interface CallPort extends TimedPort {
  newTaskId(): string;
}

/** What a call that sends tasks needs from its client: also the bounds that its manager announced. */
export interface ProducerPort extends CallPort {
  payloadMaxBytes(): number;
  messageMaxBytes(): number;
}
