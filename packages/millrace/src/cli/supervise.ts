import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MillraceError } from '@millrace/protocol';
import { say } from './output.ts';
import { onStopSignal } from './signals.ts';

/** Editors write a file in several steps. */
const SETTLE_MS = 200;
const IGNORED = /(?:^|[\\/])(?:node_modules|\.millrace|\.git)(?:[\\/]|$)/;

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode === null && child.signalCode === null
    ? new Promise((gone) => child.once('exit', () => gone()))
    : Promise.resolve();

/** One child at a time runs this very command without `--watch`. */
class Supervisor {
  #child: ChildProcess | undefined;
  #isRestarting = false;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    const args = process.argv.slice(2).filter((argument) => argument !== '--watch');
    const [, program = ''] = process.argv;
    // In the group of this process: Ctrl-C reaches it too, and counts once.
    this.#child = spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: 'inherit',
    });
    this.#isStopping = false;
    this.#child.once('exit', (code) => {
      if (!this.#isStopping) {
        say(`the worker ended with exit code ${code}; it starts anew when a file changes`);
      }
    });
  }

  changed(name: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#isRestarting) {
        say(`${name} changed: starting anew`);
        void this.#restart();
      }
    }, SETTLE_MS);
  }

  async #restart(): Promise<void> {
    this.#isRestarting = true;
    await this.stop();
    this.#isRestarting = false;
    this.start();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#isStopping = true;
    child?.kill('SIGTERM');
    if (child !== undefined) {
      await exitOf(child);
    }
  }
}

/**
 * Runs the worker as a child, and another when a file below the folder of the
 * module changes: a module that was imported cannot be imported anew.
 *
 * @throws HANDLER_INVALID
 */
export const superviseWorker = (file: string): void => {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new MillraceError('HANDLER_INVALID', `handler module ${path} does not exist`);
  }
  const supervisor = new Supervisor();
  const watcher = watch(dirname(path), { recursive: true }, (_event, name) => {
    if (name !== null && !IGNORED.test(name)) {
      supervisor.changed(name);
    }
  });
  onStopSignal(() => {
    watcher.close();
    return supervisor.stop();
  });
  supervisor.start();
};
