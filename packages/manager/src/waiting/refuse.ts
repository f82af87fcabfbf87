import type { ErrorCode } from '@millrace/protocol';
import type { Peer } from './peer.ts';

/** Answers a request with an error. */
export const refuse = (peer: Peer, requestId: number, code: ErrorCode, message: string): void =>
  peer.send({ verb: 'error', requestId, code, message });

export const refuseUnknownQueue = (peer: Peer, requestId: number, queue: string): void =>
  refuse(peer, requestId, 'UNKNOWN_QUEUE', `no queue '${queue}' is declared`);

export const refuseUnknownSchedule = (peer: Peer, requestId: number, name: string): void =>
  refuse(
    peer,
    requestId,
    'UNKNOWN_SCHEDULE',
    `no schedule '${name}'; millrace schedule ls lists them`,
  );

export const refuseUnknownTask = (peer: Peer, requestId: number, taskId: string): void =>
  refuse(peer, requestId, 'UNKNOWN_TASK', `no task ${taskId}, or it was removed`);
