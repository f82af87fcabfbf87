/** The ceiling: a pipeline of ws, msgpackr and LMDB without any queue logic. */
import { compiledFile } from '../harness/paths.ts';
import { endOf, startChildServer } from './node-process.ts';
import type { System } from './system.ts';

const node = [process.execPath];

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
  version: () => 'ws, msgpackr, lmdb as in bench/package.json',
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
