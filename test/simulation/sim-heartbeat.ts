import { DEFAULT_KEY_ID, limits, type SessionMessage } from '@millrace/protocol';
import { HeartbeatLink, Pulse, tuning, Watchdog } from '@millrace/worker/internals';
import { MANAGER_URL, SECRET } from './manager-process.ts';
import type { SimNetwork } from './sim-network.ts';
import { type SimHost, SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface SimHeartbeatOptions {
  readonly world: World;
  readonly network: SimNetwork;
  readonly host: SimHost;
  /** The life of the worker, whose main event loop is watched. */
  readonly main: SimProcess;
  readonly isWatchful: boolean;
  /** The watchdog ends the worker. */
  readonly killed: () => void;
}

/** No signal numbers, because the simulation hands stop signals over itself. */
const NO_SIGNALS = 0;

/**
 * The heartbeat thread of one life of a worker. Its event loop goes on while that of the
 * worker is blocked or paused. It does what `heartbeat-main.ts` does.
 */
export class SimHeartbeat {
  readonly process: SimProcess;
  readonly pulse: Pulse;
  readonly #options: SimHeartbeatOptions;
  readonly #link: HeartbeatLink;
  readonly #watchdog: Watchdog;

  constructor(options: SimHeartbeatOptions) {
    const { host, killed, main, network, world } = options;
    this.#options = options;
    // The name seeds the random numbers of the process, so another name would change all known seeds.
    this.process = new SimProcess(world, `${main.name}.lane`, host);
    const { clock, randomBytes } = this.process;
    this.pulse = new Pulse(undefined, {
      mainMs: () => main.clock.monotonicMs(),
      sharedMs: () => clock.monotonicMs(),
    });
    this.pulse.begin();
    this.#link = new HeartbeatLink({ clock, randomBytes, dial: network.dialler(this.process) });
    const tell = (text: string): void => world.recorder.tell(() => `${main.name}: ${text}`);
    this.#watchdog = new Watchdog({
      clock,
      drainMs: limits.drainMs,
      killGraceMs: limits.killGraceMs,
      read: () => this.pulse.read(),
      // A loop in a system call never answers.
      ask: () => {},
      say: (_level, text) => tell(text),
      resumed: (silentMs) => tell(`the event loop was silent for ${silentMs} ms`),
      kill: killed,
    });
    if (options.isWatchful) {
      this.#tick();
    }
  }

  /** Lets the main loop show that it runs, if it is watched. */
  beat(lastEndInMs: () => number): void {
    const { isWatchful, main } = this.#options;
    if (isWatchful) {
      this.pulse.beat(lastEndInMs(), NO_SIGNALS);
      main.clock.after(tuning.beatEveryMs, () => this.beat(lastEndInMs));
    }
  }

  /** Takes a stop signal, which the main loop also handles if it runs. */
  signalled(): void {
    this.#options.world.plan(0, this.process, () => this.#watchdog.signalled('SIGTERM'));
  }

  /** Lets the heartbeat thread follow the session. */
  follow({ graceMs, sessionId, ticket }: SessionMessage): void {
    const { main, world } = this.#options;
    world.recorder.tell(() => `${main.name} has its heartbeat thread follow`);
    const target = {
      url: MANAGER_URL,
      keyId: DEFAULT_KEY_ID,
      secret: SECRET,
      sessionId,
      ticket: Uint8Array.from(ticket),
      graceMs,
    };
    world.plan(0, this.process, () => this.#link.follow(target));
  }

  #tick(): void {
    this.process.clock.after(tuning.watchdogTickMs, () => {
      this.#watchdog.tick();
      this.#tick();
    });
  }
}
