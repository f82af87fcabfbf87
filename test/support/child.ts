import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

const TAIL_LINES = 20;
/** Only a hang takes this long; the error then shows the last lines of the process. */
const LINE_MAX_MS = 90_000;

/** A process that a test started, with its output and its exit. */
export class Child {
  readonly name: string;
  readonly process: ChildProcess;
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Resolves when the process has ended and all its output has been read. */
  readonly closed: Promise<Exit>;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #said: string[] = [];
  #waiters: Waiter[] = [];

  /** Starts Node, or another program. */
  constructor(
    name: string,
    args: readonly string[],
    options: SpawnOptions,
    program = process.execPath,
  ) {
    this.name = name;
    this.process = spawn(program, args, options);
    this.exited = this.#end('exit');
    this.closed = this.#end('close');
    this.#read('stdout');
    this.#read('stderr');
    void this.closed.then(() => this.#giveUp());
  }

  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) {
      throw new Error(`${this.name} could not be started`);
    }
    return pid;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The output so far, on both streams. */
  get output(): string {
    return this.#said.join('\n');
  }

  /** The first line that matches, of the output so far or to come. Rejects when the process ends without one. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#find(pattern, 0);
  }

  /** The first line that matches, of the output to come. */
  nextLine(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#find(pattern, this.#said.length);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Sends a signal and waits for the exit. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    if (this.isRunning) {
      this.signal(signal);
    }
    return this.exited;
  }

  #find(pattern: RegExp, from: number): Promise<RegExpExecArray> {
    for (const line of this.#said.slice(from)) {
      const match = pattern.exec(line);
      if (match !== null) {
        return Promise.resolve(match);
      }
    }
    return new Promise((resolve, reject) => {
      const hang = setTimeout(() => reject(this.#neverSaid(pattern)), LINE_MAX_MS);
      const done = (): void => clearTimeout(hang);
      this.#waiters.push({
        pattern,
        resolve: (match) => {
          done();
          resolve(match);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      if (!this.isRunning) {
        void this.closed.then(() => this.#giveUp());
      }
    });
  }

  async #end(event: 'exit' | 'close'): Promise<Exit> {
    await once(this.process, event);
    return { code: this.process.exitCode, signal: this.process.signalCode };
  }

  #read(name: 'stdout' | 'stderr'): void {
    const stream = this.process[name];
    if (stream !== null) {
      createInterface({ input: stream }).on('line', (line) => this.#hear(this[name], line));
    }
  }

  #hear(lines: string[], line: string): void {
    lines.push(line);
    this.#said.push(line);
    this.#waiters = this.#waiters.filter(({ pattern, resolve }) => {
      const match = pattern.exec(line);
      if (match !== null) {
        resolve(match);
      }
      return match === null;
    });
  }

  #giveUp(): void {
    for (const { pattern, reject } of this.#waiters.splice(0)) {
      reject(this.#neverSaid(pattern));
    }
  }

  #neverSaid(pattern: RegExp): Error {
    const tail = this.#said.slice(-TAIL_LINES).join('\n');
    const state = this.isRunning ? 'runs, but' : 'has ended and';
    return new Error(
      `${this.name} ${state} never printed ${String(pattern)}; its last lines:\n${tail}`,
    );
  }
}
