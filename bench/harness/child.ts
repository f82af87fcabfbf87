/** A process of the benchmark, seen from its parent: orders go in, answers come out, one JSON line each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, Order } from './served.ts';

/** Long, because a client may wait for a server that still reads its backlog. */
const START_MAX_MS = 300_000;
const ORDER_MAX_MS = 60_000;
const STOP_MAX_MS = 5_000;

const isAnswer = (said: unknown): said is Answer =>
  typeof said === 'object' &&
  said !== null &&
  Object.values(said).every((value) => typeof value === 'number');

export class Child {
  readonly #process: ChildProcess;
  readonly #what: string;
  readonly #lines: string[] = [];
  #wake = (): void => {};
  #hasEnded = false;
  /** The first line that the process printed. */
  said = '';

  private constructor(command: readonly string[]) {
    const [program = '', ...args] = command;
    // Without directories, because error texts appear in tables that are kept.
    this.#what = command.map((part) => basename(part)).join(' ');
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.once('error', () => this.#end());
    this.#process.once('exit', () => this.#end());
    if (this.#process.stdout !== null) {
      createInterface(this.#process.stdout).on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
  }

  /** Starts a process and waits for its first line. */
  static async start(command: readonly string[]): Promise<Child> {
    const child = new Child(command);
    child.said = await child.#nextLine(START_MAX_MS);
    return child;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends an order and waits for its answer. */
  async order(order: Order, timeoutMs = ORDER_MAX_MS): Promise<Answer> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    const line = await this.#nextLine(timeoutMs);
    const said: unknown = JSON.parse(line);
    if (!isAnswer(said)) {
      throw new Error(`${order.order}: ${line}`);
    }
    return said;
  }

  /** Closes the process's stdin, which ends it, and waits for its exit. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) {
      const exited = once(this.#process, 'exit');
      this.#process.stdin?.end();
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MAX_MS);
      await exited;
      clearTimeout(timer);
    }
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async #nextLine(timeoutMs: number): Promise<string> {
    const untilMs = performance.now() + timeoutMs;
    while (this.#lines.length === 0) {
      if (this.#hasEnded) {
        throw new Error(`ended: ${this.#what}`);
      }
      if (performance.now() > untilMs) {
        throw new Error(`no answer within ${timeoutMs} ms: ${this.#what}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, untilMs - performance.now() + 1);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift() ?? '';
  }
}
