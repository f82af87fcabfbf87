/** The ceiling: a pipeline of ws, msgpackr and LMDB without any queue logic. */
import { benchModules, compiledFile } from '../harness/paths.ts';
import { endOf, startChildServer } from './node-process.ts';
import { versionOf } from './packages.ts';
import type { System } from './system.ts';

const node = [process.execPath];

/** The versions of the packages that the ceiling consists of. */
const ceilingVersion = (): string =>
  ['ws', 'msgpackr', 'lmdb'].map((name) => versionOf(benchModules, name)).join(', ');

const bareOn = (
  name: string,
  title: string,
  durability: string,
  dataDir: (directory: string) => string,
): System => ({
  name,
  title,
  durability,
  abilities: ['enqueueMany', 'call'],
  missing: () => undefined,
  version: ceilingVersion,
  startServer: (directory) =>
    startChildServer([...node, compiledFile('ceiling/server.js'), dataDir(directory)]),
  end: (role) => endOf(node, role, compiledFile('ceiling/adapter.js')),
});

export const bare = bareOn(
  'bare',
  'bare pipeline',
  'flushed before the answer',
  (directory) => directory,
);

export const bareMemory = bareOn('bare-memory', 'bare pipeline, memory', 'none', () => '');
