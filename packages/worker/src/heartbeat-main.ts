import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import {
  authenticateToManager,
  type Cancel,
  Connection,
  dialWebSocket,
  reconnectDelayMs,
  systemClock,
} from '@millrace/protocol';
import type { LaneTarget } from './heartbeat-lane.ts';

/** The thread of a heartbeat lane: attaches, answers PINGs, and attaches again when its connection ends. */
let target: LaneTarget | undefined;
let connection: Connection | undefined;
let failures = 0;
let stopWaiting: Cancel = () => {};

const attachLater = (): void => {
  connection = undefined;
  stopWaiting();
  stopWaiting = systemClock.after(reconnectDelayMs(failures, Math.random()), attach);
  failures += 1;
};

const open = async ({ keyId, secret, sessionId, ticket, url }: LaneTarget): Promise<void> => {
  const transport = await dialWebSocket(url);
  const key = { keyId, secret };
  const limits = await authenticateToManager(transport, key, 'heartbeat', systemClock, randomBytes);
  connection = new Connection(
    {
      transport,
      side: 'dialler',
      clock: systemClock,
      heartbeat: {
        idleMs: limits.heartbeatIdleMs,
        intervalMs: limits.heartbeatIntervalMs,
        probes: limits.heartbeatProbes,
      },
      messageMaxBytes: limits.messageMaxBytes,
      outboundMaxBytes: limits.messageMaxBytes,
    },
    {
      messages: (messages) => {
        failures = 0;
        if (messages.some((message) => message.verb === 'goodbye')) {
          connection?.send({ verb: 'goodbyeAck' });
        }
      },
      closed: attachLater,
    },
  );
  connection.send({ verb: 'attach', sessionId, ticket });
};

const attach = (): void => {
  if (target !== undefined) {
    open(target).catch(attachLater);
  }
};

parentPort?.on('message', (next: LaneTarget) => {
  const isSame = target?.sessionId === next.sessionId && connection !== undefined;
  target = next;
  if (!isSame) {
    connection?.close('another session');
    stopWaiting();
    attach();
  }
});
