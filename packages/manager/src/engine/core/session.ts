import { Chain } from '../../structures/chain.ts';
import type { Holder } from './task.ts';

/** A session as the holder of leases; it outlives its connection by a grace. */
export interface Session extends Holder {
  /** Name of its worker or client; the id of the session while the name is not known. */
  name: string;
  /** On the monotonic clock; infinite while connected. */
  graceEndsAtMs: number;
}

export const newSession = (id: string): Session => ({
  id,
  name: id,
  leases: new Chain(),
  graceEndsAtMs: Number.POSITIVE_INFINITY,
});
