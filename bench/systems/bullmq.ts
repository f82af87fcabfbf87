/** BullMQ on Redis with its append-only file. */
import { peerFile } from '../harness/paths.ts';
import { endOf } from './node-process.ts';
import { missingPackage, peerVersion } from './packages.ts';
import {
  accepts,
  findProgram,
  freePort,
  missingProgram,
  outputOf,
  startProgram,
} from './program.ts';
import type { System } from './system.ts';

const redis = findProgram('redis-server');

const redisVersion = (): string =>
  /v=(\S+)/.exec(outputOf(redis ?? 'redis-server', '--version'))?.[1] ?? 'unknown';

// "We recommend enabling AOF … Usually, 1 second per write is enough" and
// maxmemory-policy noeviction: https://docs.bullmq.io/guide/going-to-production
const redisArgs = (port: number, directory: string, fsync: string): readonly string[] =>
  `--bind 127.0.0.1 --port ${port} --dir ${directory} --appendonly yes --appendfsync ${fsync} --maxmemory-policy noeviction`.split(
    ' ',
  );

const bullmqWith = (name: string, title: string, fsync: string, durability: string): System => ({
  name,
  title,
  durability,
  abilities: ['enqueueMany', 'call', 'backlog'],
  missing: () => missingProgram('redis-server', 'redis-server', redis) ?? missingPackage('bullmq'),
  version: () => `${peerVersion('bullmq')}, ${peerVersion('ioredis')}, Redis ${redisVersion()}`,
  startServer: async (directory) => {
    const port = await freePort();
    return startProgram({
      program: redis ?? '',
      args: redisArgs(port, directory, fsync),
      address: String(port),
      answers: accepts(port),
    });
  },
  end: (role) => endOf([process.execPath], role, peerFile('bullmq.mjs')),
});

export const bullmq = bullmqWith(
  'bullmq',
  'BullMQ, AOF every second',
  'everysec',
  'written before the answer, flushed once a second: up to 1 s is lost with the machine',
);

export const bullmqAlways = bullmqWith(
  'bullmq-always',
  'BullMQ, AOF always',
  'always',
  'flushed before the answer',
);
