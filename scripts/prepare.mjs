/**
 * Prepares a fresh checkout: installs the pinned dependencies with the pinned
 * pnpm, then compiles. Needs only Node and npm. When there is nothing to do, it
 * prints nothing and takes a second.
 */
import './check-node.mjs';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root, run } from './run-tools.mjs';

// pnpm writes this copy of the lockfile last, so it exists only after a complete installation.
const isInstalled = () => {
  const copy = join(root, 'node_modules', '.pnpm', 'lock.yaml');
  return (
    existsSync(copy) &&
    readFileSync(copy, 'utf8') === readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
  );
};

const isCompiled = () => existsSync(join(root, 'packages', 'millrace', 'dist'));

const install = () => {
  console.error('millrace: installing dependencies (once)');
  return pnpm('install', '--frozen-lockfile', '--reporter=append-only');
};

// The programs that scripts run. `npm run build` compiles the tests, too.
const projects = ['packages/millrace', 'examples/remote-queue', 'examples/tree-digest', 'bench'];

const compile = () => {
  if (!isCompiled()) {
    console.error('millrace: compiling');
  }
  return run('tsc', '-b', ...projects);
};

const installed = isInstalled() ? 0 : install();
process.exitCode = installed === 0 ? compile() : installed;
