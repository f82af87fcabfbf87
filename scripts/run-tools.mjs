/** Starts the tools of this workspace: pnpm as pinned, and the installed binaries. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const start = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) {
    console.error(`millrace: cannot start ${command}: ${error.message}`);
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
};

/** Runs the pnpm that package.json pins, fetched by npm when it is not cached. */
export const pnpm = (...args) => start('npx', ['--yes', packageManager, ...args]);

/** Runs a binary of the root's node_modules. */
export const run = (tool, ...args) => start(join(root, 'node_modules', '.bin', tool), args);
