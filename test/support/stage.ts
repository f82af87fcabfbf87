import type { SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, type ConnectOptions, connect } from '@millrace/client';
import { afterEach } from 'vitest';
import { Child, type Exit } from './child.ts';

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const tsx = import.meta.resolve('tsx');

export interface ManagerOptions {
  /** The port; 0, the default, takes a free one. */
  readonly port?: number;
  /** The directory of the store, below the stage's directory. Default `store`. */
  readonly data?: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command prefix that runs the manager in its own process, as `strace -D` does. */
  readonly under?: readonly string[];
}

export interface WorkerOptions {
  readonly name?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CliResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** The process of a manager. */
export class ManagerChild extends Child {
  url = '';

  get port(): number {
    return Number(new URL(this.url).port);
  }
}

/**
 * A directory, a key, and the processes and clients that a test starts there. `close`
 * ends them all by their ids and removes the directory.
 */
export class Stage {
  readonly directory: string;
  readonly authkey = randomBytes(32).toString('hex');
  readonly #children: Child[] = [];
  readonly #clients: Client[] = [];
  #url = '';

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'millrace-stage-')));
  }

  /** The URL of the manager that was started last. */
  get url(): string {
    return this.#url;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Starts `millrace manager`; resolves when it listens. */
  async manager(options: ManagerOptions = {}): Promise<ManagerChild> {
    const child = this.launchManager(options);
    await this.listening(child);
    return child;
  }

  /** Starts `millrace manager`, which may end before it listens. */
  launchManager(options: ManagerOptions = {}): ManagerChild {
    const { args = [], data = 'store', env, port = 0, under = [] } = options;
    const manager = ['manager', '--port', String(port), '--data', this.path(data), ...args];
    const [program, ...rest] = [...under, process.execPath, millraceBin, ...manager];
    const child = new ManagerChild('manager', rest, this.#spawnOptions(env), program);
    this.#children.push(child);
    return child;
  }

  /** Resolves when a manager listens; rejects when it ends before. */
  async listening(child: ManagerChild): Promise<void> {
    const [, url = ''] = await child.line(/listening on (ws:\/\/\S+)/);
    child.url = url;
    this.#url = url;
  }

  /** Starts another program, with a pipe to its stdin. */
  program(name: string, command: readonly string[]): Child {
    const [program, ...args] = command;
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    const child = new Child(name, args, { ...this.#spawnOptions(), stdio: [...stdio] }, program);
    this.#children.push(child);
    return child;
  }

  /** Starts `millrace worker` on a handler module; resolves when it is connected. */
  async worker(module: URL, options: WorkerOptions = {}): Promise<Child> {
    const { env = {}, name = 'worker' } = options;
    const args = ['worker', fileURLToPath(module), '--name', name];
    const child = this.#start(name, [millraceBin, ...args], env);
    await child.line(/connected to ws/);
    return child;
  }

  /** Starts a script of the tests, in TypeScript or JavaScript, with an IPC channel to the test. */
  script(
    name: string,
    module: URL,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Child {
    const path = fileURLToPath(module);
    const loader = path.endsWith('.ts') ? ['--import', tsx] : [];
    return this.#start(name, [...loader, path, ...args], env, ['ipc']);
  }

  /** Starts a command of the CLI. */
  command(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): Child {
    const options = { ...this.#spawnOptions(env), stdio: [stdin, 'pipe', 'pipe'] as const };
    const child = new Child(args[0] ?? 'millrace', [millraceBin, ...args], {
      ...options,
      stdio: [...options.stdio],
    });
    this.#children.push(child);
    return child;
  }

  /** Runs a command of the CLI to its end. */
  async cli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    const child = this.command(args, env);
    const exit = await child.closed;
    return { ...exit, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
  }

  /** Connects a client in this process, which is closed with the stage. */
  async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = await connect({ url: this.#url, authkey: this.authkey, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Ends all clients and processes. The kill does not wait for the clients, whose manager may be gone. */
  async close(): Promise<void> {
    const left = this.#clients.splice(0).map((client) => client.close());
    await Promise.all(this.#children.splice(0).map((child) => child.end('SIGKILL')));
    await Promise.all(left);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #start(
    name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    channel: readonly 'ipc'[] = [],
  ): Child {
    const child = new Child(name, args, this.#spawnOptions(env, channel));
    this.#children.push(child);
    return child;
  }

  #spawnOptions(env: NodeJS.ProcessEnv = {}, channel: readonly 'ipc'[] = []): SpawnOptions {
    const credentials = { MILLRACE_URL: this.#url, MILLRACE_AUTHKEY: this.authkey };
    return {
      cwd: this.directory,
      // A manager that restarts on its port may find the next one taken by another test.
      env: { ...process.env, MILLRACE_HTTP_PORT: '0', ...credentials, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...channel],
    };
  }
}

/** Returns a function that opens stages. Each stage is closed after its test, passed or failed. */
export const stages = (): (() => Promise<Stage>) => {
  const open: Stage[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((stage) => stage.close()));
  });
  return async () => {
    const stage = await Stage.open();
    open.push(stage);
    return stage;
  };
};
