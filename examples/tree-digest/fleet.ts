import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { JOURNAL_VARIABLE, journalPath } from './run-journal.ts';

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const handlerModule = fileURLToPath(new URL('./handlers.js', import.meta.url));

const LISTENING = /listening on (ws:\/\/\S+)/;
const LISTENING_MAX_MS = 20_000;
/** Longer than the drain of a worker, which takes at most 25 s. */
const STOP_MAX_MS = 30_000;
const LOG_TAIL_LINES = 15;

/** Resolves with the URL that the manager prints once it listens. */
const addressOf = (manager: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`the manager did not listen within ${LISTENING_MAX_MS} ms`));
    }, LISTENING_MAX_MS);
    for (const stream of [manager.stdout, manager.stderr]) {
      if (stream === null) {
        continue;
      }
      createInterface({ input: stream }).on('line', (line) => {
        const url = LISTENING.exec(line)?.[1];
        if (url !== undefined) {
          clearTimeout(late);
          resolve(url);
        }
      });
    }
  });

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
};

const stop = async (child: ChildProcess): Promise<void> => {
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
  await end(child, 'SIGTERM');
  clearTimeout(kill);
};

/**
 * The manager and the workers of one demonstration, each in a process of its own.
 * Each process has a log file beside the store and the journals.
 */
export class Fleet {
  readonly authkey = randomBytes(32).toString('hex');
  /** Rejects when a process ends although nobody asked it to. */
  readonly failure: Promise<never>;
  readonly #directory: string;
  /** Processes that were not asked to end, by name. */
  readonly #running = new Map<string, ChildProcess>();
  #fail: (error: Error) => void = () => {};
  #url = '';

  constructor(directory: string) {
    this.#directory = directory;
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => {});
  }

  /** Where the manager listens. */
  get url(): string {
    return this.#url;
  }

  /** Starts the manager with its store on disk; resolves when the manager listens. */
  async startManager(queue: string): Promise<void> {
    const store = join(this.#directory, 'store');
    const options = ['--port', '0', '--data', store, '--queue', queue];
    const manager = this.#start('manager', ['manager', ...options]);
    this.#url = await Promise.race([addressOf(manager), this.failure]);
  }

  /** Starts a worker, which takes tasks as soon as it is connected. Returns its process id. */
  startWorker(name: string): number | undefined {
    return this.#start(name, ['worker', handlerModule]).pid;
  }

  /** Kills a worker with SIGKILL, so that it cannot say goodbye. */
  async kill(name: string): Promise<void> {
    const child = this.#release(name);
    if (child !== undefined) {
      await end(child, 'SIGKILL');
    }
  }

  /** Runs a command of the CLI to its end. Returns its output. */
  async ask(...args: string[]): Promise<string> {
    const child = this.#spawn(args, {});
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    await once(child, 'close');
    return printed;
  }

  /** Stops every process. The workers stop first, so that they can return their tasks. */
  async stop(): Promise<void> {
    const manager = this.#release('manager');
    const workers = [...this.#running.keys()].flatMap((name) => this.#release(name) ?? []);
    await Promise.all(workers.map(stop));
    if (manager !== undefined) {
      await stop(manager);
    }
  }

  #start(name: string, args: string[]): ChildProcess {
    const child = this.#spawn(args, { [JOURNAL_VARIABLE]: journalPath(this.#directory, name) });
    const log = createWriteStream(this.#logPath(name));
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#running.set(name, child);
    child.once('close', (code, signal) => {
      log.end();
      if (this.#running.get(name) === child) {
        this.#fail(
          new Error(`${name} ended with ${signal ?? `code ${code}`}${this.#logTail(name)}`),
        );
      }
    });
    return child;
  }

  #spawn(args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
    const credentials = { MILLRACE_URL: this.#url, MILLRACE_AUTHKEY: this.authkey };
    return spawn(process.execPath, [millraceBin, ...args], {
      cwd: this.#directory,
      env: { ...process.env, ...credentials, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #release(name: string): ChildProcess | undefined {
    const child = this.#running.get(name);
    this.#running.delete(name);
    return child;
  }

  #logPath(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  #logTail(name: string): string {
    const lines = readFileSync(this.#logPath(name), 'utf8').trimEnd().split('\n');
    return `; its log ends with\n${lines.slice(-LOG_TAIL_LINES).join('\n')}`;
  }
}
