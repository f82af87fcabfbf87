/**
 * Installs the other queues that the benchmark measures into bench/peers. A queue
 * that cannot be installed appears in the table as missing.
 */
import './check-node.mjs';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root } from './run-tools.mjs';

const peers = join(root, 'bench', 'peers');
const lockfile = join(peers, 'pnpm-lock.yaml');
// pnpm writes this copy of the lockfile last, so it exists only after a complete installation.
const copy = join(peers, 'node_modules', '.pnpm', 'lock.yaml');

if (!existsSync(copy) || readFileSync(copy, 'utf8') !== readFileSync(lockfile, 'utf8')) {
  console.error('millrace: installing the other queues for the benchmark (once)');
  pnpm(
    '--dir',
    peers,
    'install',
    '--ignore-workspace',
    '--frozen-lockfile',
    '--ignore-scripts',
    '--reporter=append-only',
  );
}
