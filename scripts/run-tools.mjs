/** Starts the tools of this workspace: the pinned pnpm and the installed binaries. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

const start = (command, args) => {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) {
    console.error(`millrace: cannot start ${command}: ${error.message}`);
  } else if (signal !== null) {
    console.error(`millrace: ${command} was ended by ${signal}`);
  }
  return status ?? 1;
};

/**
 * Runs the pnpm that package.json pins; npm fetches it when it is not cached.
 *
 * @returns its exit code
 */
export const pnpm = (...args) => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return start('npx', ['--yes', packageManager, ...args]);
};

/**
 * Runs a binary of the root's node_modules.
 *
 * @returns its exit code
 */
export const run = (tool, ...args) => start(join(root, 'node_modules', '.bin', tool), args);
