import { execFileSync } from 'node:child_process';

export type Cut = 'both ways' | 'from the far host' | 'to the far host';

const ip = (...args: readonly string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Hosts that this process has made; the network of one that was closed lingers for a moment. */
let made = 0;

const NETWORKS = 16_384;
const NOBODY = '02:00:00:00:00:01';

/**
 * A network namespace that stands for another host, behind a link that can be cut silently
 * in either direction: the frames go to an address that nobody has. It needs root.
 */
export class FarHost {
  /** The address of this host on the link. */
  readonly nearAddress: string;
  /** A command prefix that runs a program on the far host. */
  readonly under: readonly string[];
  readonly #name: string;
  readonly #link: string;
  readonly #farAddress: string;

  private constructor(number: number) {
    this.#name = `millrace-${number}`;
    this.#link = `mr${number}`;
    // Each process of the tests uses a network of its own, with four addresses.
    const first = (number % NETWORKS) * 4;
    const network = `10.97.${Math.floor(first / 256)}`;
    this.nearAddress = `${network}.${(first % 256) + 1}`;
    this.#farAddress = `${network}.${(first % 256) + 2}`;
    this.under = ['ip', 'netns', 'exec', this.#name];
  }

  /** Undefined where namespaces cannot be made; the reason is printed. */
  static open(): FarHost | undefined {
    made += 1;
    const host = new FarHost(process.pid * 10 + made);
    try {
      ip('netns', 'add', host.#name);
    } catch (error) {
      console.log(`skipped: no network namespace can be made here: ${String(error)}`);
      return undefined;
    }
    ip('link', 'add', host.#link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.#name);
    ip('addr', 'add', `${host.nearAddress}/30`, 'dev', host.#link);
    ip('link', 'set', host.#link, 'up');
    host.#far('addr', 'add', `${host.#farAddress}/30`, 'dev', 'eth0');
    host.#far('link', 'set', 'eth0', 'up');
    return host;
  }

  cut(direction: Cut): void {
    if (direction !== 'from the far host') {
      ip(
        'neigh',
        'replace',
        this.#farAddress,
        'lladdr',
        NOBODY,
        'dev',
        this.#link,
        'nud',
        'permanent',
      );
    }
    if (direction !== 'to the far host') {
      this.#far(
        'neigh',
        'replace',
        this.nearAddress,
        'lladdr',
        NOBODY,
        'dev',
        'eth0',
        'nud',
        'permanent',
      );
    }
  }

  close(): void {
    ip('link', 'del', this.#link);
    ip('netns', 'del', this.#name);
  }

  #far(...args: readonly string[]): void {
    ip('netns', 'exec', this.#name, 'ip', ...args);
  }
}
