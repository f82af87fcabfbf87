import { decodeFrame, limits, type Transport, type TransportEvents } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

/** Sees the frames that the manager reads from one connection, and those that it sends. */
export interface WireWatch {
  read(frame: Uint8Array): void;
  sent(frame: Uint8Array): void;
  ended(): void;
}

export interface WireOptions {
  readonly name: string;
  readonly port: number;
  readonly dialler: SimProcess;
  readonly manager: SimProcess;
  readonly delayMs: () => number;
  readonly random: Random;
  /** The bandwidth; 0 means unlimited. */
  readonly bytesPerMs: () => number;
  /** Called when both ends have ended. */
  readonly ended: () => void;
  /** Sees the frames at the end of the manager. */
  readonly watch?: WireWatch | undefined;
}

const silent: TransportEvents = { frame() {}, drained() {}, closed() {} };

/** In place of a frame: the sender has ended the connection. */
const END = new Uint8Array(0);

/** One end of a wire, which a process uses as its transport. */
export class SimEnd implements Transport {
  /** The address of the other end, without and with its port. */
  readonly address: string;
  readonly remoteAddress: string;
  readonly owner: SimProcess;
  readonly #wire: SimWire;
  readonly #world: World;
  readonly #isDialler: boolean;
  readonly #watch: WireWatch | undefined;
  #events: TransportEvents | undefined;
  #inbox: Uint8Array[] = [];
  #isHeld = false;
  #isOpen = true;
  #isClosing = false;
  #waitingBytes = 0;
  #isBetweenParts = false;
  #whenHeard: (() => void)[] = [];
  #whenShut: (() => void)[] = [];

  constructor(
    wire: SimWire,
    world: World,
    owner: SimProcess,
    isDialler: boolean,
    { dialler, manager, port, watch }: WireOptions,
  ) {
    this.address = (isDialler ? manager : dialler).address;
    this.remoteAddress = `${this.address}:${port}`;
    this.owner = owner;
    this.#wire = wire;
    this.#world = world;
    this.#isDialler = isDialler;
    this.#watch = isDialler ? undefined : watch;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether some parts of a message have been read, but not its last part. */
  get isBetweenParts(): boolean {
    return this.#isBetweenParts;
  }

  listen(events: TransportEvents): void {
    this.#events = events;
    this.#planRead();
    if (!this.#isOpen) {
      events.closed('the connection ended');
    }
  }

  /** Calls back when the first frame has been read. */
  onceHeard(run: () => void): void {
    this.#whenHeard.push(run);
  }

  /** Calls back when this end has ended, as a socket does when it is closed. */
  onceShut(run: () => void): void {
    this.#whenShut.push(run);
    if (!this.#isOpen) {
      this.#planShut();
    }
  }

  send(frame: Uint8Array): void {
    if (this.#isOpen) {
      this.#watch?.sent(frame);
      this.#waitingBytes += this.#wire.carry(this, new Uint8Array(frame));
    }
  }

  /** Bytes that waited at this end have left its host. */
  left(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (this.#isOpen && this.#waitingBytes === 0) {
      (this.#events ?? silent).drained();
      this.#endIfDone();
    }
  }

  pause(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.#planRead();
  }

  close(): void {
    if (!this.#isClosing && this.#isOpen) {
      this.#isClosing = true;
      this.#world.plan(limits.farewellMaxMs, this.owner, () => this.terminate(), 'timer');
      this.#endIfDone();
    }
  }

  terminate(): void {
    if (this.#isOpen) {
      this.#wire.carry(this, END);
      this.shut('this end ended the connection');
    }
  }

  arrive(frame: Uint8Array): void {
    if (this.#isOpen) {
      this.#inbox.push(frame);
      this.#read();
    }
  }

  shut(reason: string): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#inbox = [];
      this.#watch?.ended();
      this.#planShut();
      this.#world.plan(0, this.owner, () => this.#events?.closed(reason), this.#wire.name);
      this.#wire.endShut();
    }
  }

  #planShut(): void {
    for (const run of this.#whenShut.splice(0)) {
      this.#world.plan(0, this.owner, run, this.#wire.name);
    }
  }

  #endIfDone(): void {
    if (this.#isClosing && this.#isDialler && this.#waitingBytes === 0) {
      this.terminate();
    }
  }

  #planRead(): void {
    if (this.#inbox.length > 0) {
      this.#world.plan(0, this.owner, () => this.#read(), this.#wire.name);
    }
  }

  /** All parts of a message but the last fill their frames, so only large frames need decoding. */
  #notePart(frame: Uint8Array): void {
    if (this.#isBetweenParts || frame.length > limits.partBytes) {
      const [message] = decodeFrame(frame);
      this.#isBetweenParts = message?.verb === 'part' ? !message.last : this.#isBetweenParts;
    }
  }

  /** Reads one frame a turn, as from a socket. */
  #read(): void {
    if (this.#isHeld || this.#events === undefined) {
      return;
    }
    const frame = this.#inbox.shift();
    if (frame === END) {
      this.shut('the other end ended the connection');
    } else if (frame !== undefined) {
      this.#notePart(frame);
      this.#watch?.read(frame);
      for (const run of this.#whenHeard.splice(0)) {
        run();
      }
      this.#events.frame(frame);
      this.#planRead();
    }
  }
}

/** A wire whose queued bytes need longer than this at the end of the faults is reset. */
const QUEUE_MAX_MS = 1_000;

/** The state of one direction of a wire. */
interface Direction {
  /** Frames in flight, in their order. */
  readonly frames: Uint8Array[];
  arrivesAtMs: number;
  leavesAtMs: number;
  /** Whether frames are lost without the sender's knowledge. */
  isLost: boolean;
  /** No frame arrives before this time. */
  stalledUntilMs: number;
}

const direction = (): Direction => ({
  frames: [],
  arrivesAtMs: 0,
  leavesAtMs: 0,
  isLost: false,
  stalledUntilMs: 0,
});

/** A connection of two processes, ordered and reliable until it is lost. */
export class SimWire {
  readonly name: string;
  readonly dialler: SimEnd;
  readonly manager: SimEnd;
  readonly #world: World;
  readonly #options: WireOptions;
  readonly #toManager = direction();
  readonly #toDialler = direction();
  /** A reset loses the frames in flight. */
  #wasReset = false;

  constructor(world: World, options: WireOptions) {
    this.name = options.name;
    this.#world = world;
    this.#options = options;
    this.dialler = new SimEnd(this, world, options.dialler, true, options);
    this.manager = new SimEnd(this, world, options.manager, false, options);
  }

  /** The number of messages of which only some parts were read. */
  get cutMessages(): number {
    return [this.dialler, this.manager].filter(({ isBetweenParts }) => isBetweenParts).length;
  }

  ends(process: SimProcess): boolean {
    return this.dialler.owner === process || this.manager.owner === process;
  }

  joins(name: string): boolean {
    return [this.dialler, this.manager].some(({ owner }) => owner.name.startsWith(name));
  }

  /** Takes a frame from one end. @returns the bytes of it that wait at the sender's host */
  carry(from: SimEnd, frame: Uint8Array): number {
    const [way, to] = this.#wayFrom(from);
    const bytesPerMs = this.#options.bytesPerMs();
    const { nowMs } = this.#world;
    const isInstant = bytesPerMs === 0;
    way.leavesAtMs = isInstant
      ? nowMs
      : Math.max(nowMs, way.leavesAtMs) + frame.length / bytesPerMs;
    const arrivesAtMs = Math.max(
      way.arrivesAtMs,
      way.stalledUntilMs,
      way.leavesAtMs + this.#options.delayMs(),
    );
    way.arrivesAtMs = arrivesAtMs;
    way.frames.push(frame);
    this.#world.plan(arrivesAtMs - nowMs, to.owner, () => this.#deliver(way, to), this.name);
    if (isInstant || frame.length === 0) {
      return 0;
    }
    const leave = (): void => from.left(frame.length);
    this.#world.plan(way.leavesAtMs - nowMs, from.owner, leave, this.name);
    return frame.length;
  }

  /** Resets the connection: one end notices at once, the other a little later, and frames in flight are lost. */
  reset(): void {
    this.#wasReset = true;
    const { delayMs, random } = this.#options;
    const [first, second] =
      random.next() < 0.5 ? (['dialler', 'manager'] as const) : (['manager', 'dialler'] as const);
    this[first].shut('the connection was reset');
    const other = this[second];
    this.#world.plan(delayMs(), undefined, () => other.shut('the connection was reset'));
  }

  /** Loses all frames in these directions from now on, without telling either end. */
  vanish(which: 'both' | 'toManager' | 'toDialler'): void {
    this.#toManager.isLost ||= which !== 'toDialler';
    this.#toDialler.isLost ||= which !== 'toManager';
  }

  /** Holds all frames up for a while; then they arrive in order. */
  stall(forMs: number, which: 'both' | 'toManager' | 'toDialler'): void {
    const untilMs = this.#world.nowMs + forMs;
    if (which !== 'toDialler') {
      this.#toManager.stalledUntilMs = Math.max(this.#toManager.stalledUntilMs, untilMs);
    }
    if (which !== 'toManager') {
      this.#toDialler.stalledUntilMs = Math.max(this.#toDialler.stalledUntilMs, untilMs);
    }
  }

  /**
   * Delivers all frames in flight now. A wire that lost frames stays lost, as TCP would
   * have given it up, and a wire with a long queue is reset, so that the recovery
   * depends on the peers and not on an old backlog.
   */
  heal(): void {
    const now = this.#world.nowMs;
    if (Math.max(this.#toManager.leavesAtMs, this.#toDialler.leavesAtMs) > now + QUEUE_MAX_MS) {
      this.reset();
    }
    this.#toManager.stalledUntilMs = Math.min(now, this.#toManager.stalledUntilMs);
    this.#toDialler.stalledUntilMs = Math.min(now, this.#toDialler.stalledUntilMs);
    this.#hasten(this.#toManager, this.manager);
    this.#hasten(this.#toDialler, this.dialler);
  }

  ownerDied(process: SimProcess, vanished: boolean): void {
    const end = this.dialler.owner === process ? this.dialler : this.manager;
    if (!end.isOpen) {
      return;
    }
    if (vanished) {
      this.vanish('both');
    } else {
      this.#wasReset ||= this.#options.random.next() < 0.5;
      this.carry(end, END);
    }
    end.shut('its process died');
  }

  endShut(): void {
    if (!this.dialler.isOpen && !this.manager.isOpen) {
      this.#options.ended();
    }
  }

  #hasten(way: Direction, to: SimEnd): void {
    way.arrivesAtMs = this.#world.nowMs;
    for (const _ of way.frames) {
      this.#world.plan(0, to.owner, () => this.#deliver(way, to), this.name);
    }
  }

  /** Delivers the next frame. Each frame that was sent schedules one delivery. */
  #deliver(way: Direction, to: SimEnd): void {
    const stalledForMs = way.stalledUntilMs - this.#world.nowMs;
    if (stalledForMs > 0) {
      this.#world.plan(stalledForMs, to.owner, () => this.#deliver(way, to), this.name);
      return;
    }
    const frame = way.frames.shift();
    const isGone = way.isLost || (this.#wasReset && frame !== END);
    if (frame !== undefined && !isGone) {
      to.arrive(frame);
    }
  }

  #wayFrom(from: SimEnd): [Direction, SimEnd] {
    return from === this.dialler
      ? [this.#toManager, this.manager]
      : [this.#toDialler, this.dialler];
  }
}
