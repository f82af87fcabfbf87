/**
 * Brings a fresh checkout to a state in which everything runs: installs the
 * pinned dependencies through the pinned pnpm, then compiles. Needs only Node
 * and npm. Both steps are skipped by their own tools when nothing changed.
 */
import { readFileSync } from 'node:fs';
import { pnpm, run } from './run-tools.mjs';

const lockIsInstalled = () => {
  try {
    return (
      readFileSync('node_modules/.pnpm/lock.yaml', 'utf8') === readFileSync('pnpm-lock.yaml', 'utf8')
    );
  } catch {
    return false;
  }
};

if (!lockIsInstalled()) {
  console.error('millrace: installing dependencies (once)');
  pnpm('install', '--frozen-lockfile', '--reporter=append-only');
}
console.error('millrace: compiling');
run('tsc', '-b');
