/** graphile-worker on PostgreSQL. */
import { peerFile } from '../harness/paths.ts';
import { endOf } from './node-process.ts';
import { missingPackage, peerVersion } from './packages.ts';
import { missingPostgres, postgresVersion, startPostgres } from './postgres.ts';
import type { System } from './system.ts';

export const graphileWorker: System = {
  name: 'graphile-worker',
  title: 'graphile-worker',
  durability: 'flushed before the answer',
  abilities: ['enqueueMany', 'backlog'],
  missing: () => missingPostgres() ?? missingPackage('graphile-worker'),
  version: () => `${peerVersion('graphile-worker')}, ${postgresVersion()}`,
  startServer: startPostgres,
  end: (role) => endOf([process.execPath], role, peerFile('graphile-worker.mjs')),
};
