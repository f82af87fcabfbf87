import {
  authenticateToManager,
  type PeerLimits,
  type RandomBytes,
} from '../connection/authenticate.ts';
import type { AuthKey } from '../connection/handshake.ts';
import type { HeartbeatTimes } from '../connection/heartbeat.ts';
import type { Transport } from '../connection/transport.ts';
import type { Dial } from '../connection/ws-transport.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Role } from '../words/task.ts';

export interface DialOptions {
  readonly url: string;
  readonly key: AuthKey;
  readonly role: Role;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly dial: Dial;
}

/**
 * Dials a manager and proves the key to it. A failure leaves no socket behind.
 *
 * @param signal ends the dial when it is aborted
 * @throws CONNECT_FAILED, and what the handshake throws
 */
export const dialManager = async (
  { clock, dial, key, randomBytes, role, url }: DialOptions,
  signal?: AbortSignal,
): Promise<{ readonly transport: Transport; readonly limits: PeerLimits }> => {
  const transport = await dial(url, signal);
  const end = (): void => transport.terminate();
  signal?.addEventListener('abort', end);
  try {
    const limits = await authenticateToManager(transport, key, role, clock, randomBytes);
    return { transport, limits };
  } catch (error) {
    transport.terminate();
    throw error;
  } finally {
    signal?.removeEventListener('abort', end);
  }
};

/** The heartbeat times among the limits that the manager announced. */
export const heartbeatTimesOf = (limits: PeerLimits): HeartbeatTimes => ({
  idleMs: limits.heartbeatIdleMs,
  intervalMs: limits.heartbeatIntervalMs,
  probes: limits.heartbeatProbes,
});

/** A random number in [0, 1), for the jitter of a backoff. */
export const randomFraction = (randomBytes: RandomBytes): number =>
  Buffer.from(randomBytes(4)).readUInt32LE() / 2 ** 32;
