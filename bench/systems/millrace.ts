/** millrace, on disk and in memory. */
import { VERSION } from 'millrace';
import { benchRoot, compiledFile } from '../harness/paths.ts';
import { endOf, profiledNode, startChildServer } from './node-process.ts';
import { outputOf } from './program.ts';
import type { System } from './system.ts';

/** The settings that rows about millrace alone vary; the adapter reads them from the address. */
interface Variant {
  readonly queues: number;
  readonly runner: 'inline' | 'thread' | 'process';
}

const commit = (): string => outputOf('git', '-C', benchRoot, 'rev-parse', '--short', 'HEAD');

const millraceOn = (
  name: string,
  title: string,
  durability: string,
  dataDir: (directory: string) => string,
): System => ({
  name,
  title,
  durability,
  abilities: ['enqueueMany', 'call', 'backlog'],
  missing: () => undefined,
  version: () => `millrace ${VERSION} at ${commit()}`,
  startServer: (directory) =>
    startChildServer([
      ...profiledNode('manager'),
      compiledFile('millrace/manager.js'),
      dataDir(directory),
    ]),
  end: (role) => endOf(profiledNode(role), role, compiledFile('millrace/adapter.js')),
});

export const millrace = millraceOn(
  'millrace',
  'millrace',
  'flushed before the answer',
  (directory) => directory,
);

export const millraceMemory = millraceOn(
  'millrace-memory',
  'millrace, memory',
  'none: lost with the manager',
  () => '',
);

/** millrace on disk with many queues, or with handlers in threads or processes. */
export const millraceVariant = ({ queues, runner }: Variant): System => ({
  ...millrace,
  startServer: async (directory) => {
    const server = await startChildServer([
      ...profiledNode('manager'),
      compiledFile('millrace/manager.js'),
      directory,
      String(queues),
    ]);
    return { ...server, address: `${server.address}?queues=${queues}&runner=${runner}` };
  },
  end: (role) => endOf(profiledNode(role), role, compiledFile('millrace/variant-adapter.js')),
});
