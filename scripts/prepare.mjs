/**
 * Brings a fresh checkout to a state in which everything runs: installs the
 * pinned dependencies through the pinned pnpm, then compiles. Needs only Node
 * and npm. Says nothing and takes a second when there is nothing to do.
 */
import './check-node.mjs';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root, run } from './run-tools.mjs';

// pnpm writes its copy of the lockfile last, so that an interrupted
// installation does not pass for a finished one.
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

// What runs. The types of the tests are a matter of `npm run build`.
const projects = ['packages/millrace', 'examples/remote-queue', 'examples/tree-digest', 'bench'];

const compile = () => {
  if (!isCompiled()) {
    console.error('millrace: compiling');
  }
  return run('tsc', '-b', ...projects);
};

const installed = isInstalled() ? 0 : install();
process.exitCode = installed === 0 ? compile() : installed;
