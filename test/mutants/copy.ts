import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** Paths that are not copied. The installed packages are linked. */
const left = [
  '.git',
  '.millrace',
  'coverage',
  join('node_modules', '.pnpm'),
  join('test', 'dist'),
  join('bench', 'dist'),
];
const installed = join('node_modules', '.pnpm');

/** The exit code of a process, and its output on both streams. */
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

/** A copy of the working tree, which may be changed. */
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

  /** Applies a patch. @throws Error with git's output when the patch does not apply */
  async apply(patchPath: string): Promise<void> {
    await this.#mustRun('git', 'apply', '--check', patchPath);
    await this.#mustRun('git', 'apply', patchPath);
  }

  /** Compiles the packages. @throws Error with the compiler's output */
  async compile(): Promise<void> {
    const projects = ['client', 'worker', 'manager'].map((name) => join('packages', name));
    await this.#mustRun(join('node_modules', '.bin', 'tsc'), '-b', ...projects);
  }

  /** Runs a script of the copy, on the copy's sources. */
  runScript(script: string, ...args: readonly string[]): Promise<Ended> {
    return this.#run(process.execPath, '--import', 'tsx', script, ...args);
  }

  /** Runs one test file of the copy. */
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
