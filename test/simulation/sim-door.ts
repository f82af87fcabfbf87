import type { AdmissionBounds, Broker } from '@millrace/manager/internals';
import { limits } from '@millrace/protocol';
import type { SimProcess } from './sim-process.ts';
import type { SimEnd } from './sim-wire.ts';
import type { World } from './world.ts';

/** A connection at the door. */
interface Guest {
  readonly end: SimEnd;
  /** When it came, or when its first frame was read. */
  sinceMs: number;
  hasKey: boolean;
  isCutOff: boolean;
}

/** A place may be kept for a tick longer than promised, and ticks may come late. */
const KEPT_MAX_MS = 2 * limits.unauthenticatedKeptMs;

export interface DoorOptions {
  readonly world: World;
  /** The life of the manager. */
  readonly process: SimProcess;
  readonly broker: Broker;
  readonly bounds: AdmissionBounds;
  readonly complain: (breach: string) => void;
}

/**
 * Accepts the connections of one life of a manager, as `server.ts` accepts sockets. It
 * compares each decision of the admission with the order in which the connections came.
 */
export class SimDoor {
  readonly #options: DoorOptions;
  /** Connections that have not shown the key. The first has made no progress for the longest time. */
  #waiting: Guest[] = [];
  /** The connection that is being accepted. */
  #newcomer: Guest | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  accept(end: SimEnd): void {
    const { broker, world } = this.#options;
    const { admission } = broker;
    const guest: Guest = { end, sinceMs: world.nowMs, hasKey: false, isCutOff: false };
    const caller = {
      remoteAddress: end.address,
      destroy: () => this.#destroy(guest),
      once: (_event: 'close', run: () => void) => {
        end.onceShut(() => {
          this.#forget(guest);
          run();
        });
      },
    };
    this.#newcomer = guest;
    admission.enter(caller);
    this.#newcomer = undefined;
    if (guest.isCutOff) {
      return;
    }
    this.#waiting.push(guest);
    // The first bytes of a peer ask for the upgrade to a WebSocket.
    end.onceHeard(() => {
      admission.progress(caller);
      this.#forget(guest);
      guest.sinceMs = world.nowMs;
      this.#waiting.push(guest);
    });
    broker
      .attend(end)
      .then(() => {
        this.#forget(guest);
        guest.hasKey = true;
        admission.pass(caller);
      })
      .catch(() => {});
  }

  /** The admission ends a connection. */
  #destroy(guest: Guest): void {
    const newcomer = this.#newcomer;
    if (guest.hasKey) {
      this.#options.complain(
        `a connection from ${guest.end.address} that had shown the key was cut off`,
      );
    } else if (newcomer === guest) {
      this.#judgeRefusal(guest);
    } else if (newcomer !== undefined) {
      this.#judgeEviction(guest, newcomer);
    }
    guest.isCutOff = true;
    this.#forget(guest);
    guest.end.terminate();
  }

  /** A newcomer may be refused only if every place is taken by a connection that came just before. */
  #judgeRefusal({ end }: Guest): void {
    const { complain, process, world } = this.#options;
    const [oldest] = this.#isFullFor(end.address) ? this.#inWay(end.address) : [];
    const sinceMs = Math.max(oldest?.sinceMs ?? 0, process.resumedAtMs);
    if (oldest === undefined || world.nowMs - sinceMs > KEPT_MAX_MS) {
      complain(`a connection from ${end.address} was refused, although there was a place for it`);
    }
  }

  /** The oldest connection of the newcomer's address must make room, or else the oldest of all. */
  #judgeEviction(guest: Guest, newcomer: Guest): void {
    const { complain, world } = this.#options;
    const { address } = newcomer.end;
    const keptMs = world.nowMs - guest.sinceMs;
    if (!this.#isFullFor(address) || !this.#inWay(address).includes(guest)) {
      complain(`a connection from ${guest.end.address} was cut off in place of an older one`);
    } else if (keptMs < limits.unauthenticatedKeptMs) {
      complain(`a connection from ${guest.end.address} was cut off after ${Math.round(keptMs)} ms`);
    }
  }

  #isFullFor(address: string): boolean {
    const { unauthenticatedMaxTotal } = this.#options.bounds;
    return this.#isAddressFull(address) || this.#waiting.length >= unauthenticatedMaxTotal;
  }

  #isAddressFull(address: string): boolean {
    return this.#of(address).length >= this.#options.bounds.unauthenticatedMaxPerAddress;
  }

  /** Connections that may be cut off for a newcomer of this address; the preferred one is the last. */
  #inWay(address: string): Guest[] {
    const places = this.#isAddressFull(address)
      ? [this.#of(address)[0]]
      : [this.#waiting[0], this.#of(address)[0]];
    return places.filter((guest) => guest !== undefined);
  }

  #of(address: string): Guest[] {
    return this.#waiting.filter(({ end }) => end.address === address);
  }

  #forget(guest: Guest): void {
    this.#waiting = this.#waiting.filter((other) => other !== guest);
  }
}
