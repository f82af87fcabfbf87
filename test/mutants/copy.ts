import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** What a copy does without; the installed packages are linked. */
const left = [
  '.git',
  '.millrace',
  'coverage',
  join('node_modules', '.pnpm'),
  join('test', 'dist'),
  join('bench', 'dist'),
];
const installed = join('node_modules', '.pnpm');

/** How a process ended, and all it said. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

const gather = (child: ChildProcess): Promise<Ended> =>
  new Promise((resolve, reject) => {
    let output = '';
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });

/** A copy of the sources as they are, compiled or not, that may be changed. */
export class Copy {
  readonly #path: string;

  constructor() {
    this.#path = mkdtempSync(join(tmpdir(), 'millrace-mutant-'));
    cpSync(root, this.#path, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      filter: (from) => !left.includes(relative(root, from)),
    });
    symlinkSync(join(root, installed), join(this.#path, installed));
  }

  /** @throws Error with what git says, when the patch does not fit the sources */
  async apply(patchPath: string): Promise<void> {
    await this.#mustRun('git', 'apply', '--check', patchPath);
    await this.#mustRun('git', 'apply', patchPath);
  }

  /** @throws Error with what the compiler says */
  async compile(): Promise<void> {
    const projects = ['client', 'worker', 'manager'].map((name) => join('packages', name));
    await this.#mustRun(join('node_modules', '.bin', 'tsc'), '-b', ...projects);
  }

  /** Runs a script of the copy, with the sources of the copy. */
  runScript(script: string, ...args: readonly string[]): Promise<Ended> {
    return this.#run(process.execPath, '--import', 'tsx', script, ...args);
  }

  /** Runs one file of tests of the copy. */
  runTest(file: string): Promise<Ended> {
    return this.#run(join('node_modules', '.bin', 'vitest'), 'run', '--reporter=dot', file);
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }

  #run(command: string, ...args: readonly string[]): Promise<Ended> {
    return gather(spawn(command, args, { cwd: this.#path, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async #mustRun(command: string, ...args: readonly string[]): Promise<void> {
    const { output, status } = await this.#run(command, ...args);
    if (status !== 0) {
      throw new Error(`${command} ${args.join(' ')}: ${output}`);
    }
  }
}
