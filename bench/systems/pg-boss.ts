/** pg-boss on PostgreSQL. */
import { peerFile } from '../harness/paths.ts';
import { endOf } from './node-process.ts';
import { missingPackage, peerVersion } from './packages.ts';
import { missingPostgres, postgresVersion, startPostgres } from './postgres.ts';
import type { System } from './system.ts';

export const pgBoss: System = {
  name: 'pg-boss',
  title: 'pg-boss',
  durability: 'flushed before the answer',
  abilities: ['enqueueMany', 'backlog'],
  missing: () => missingPostgres() ?? missingPackage('pg-boss'),
  version: () => `${peerVersion('pg-boss')}, ${postgresVersion()}`,
  startServer: startPostgres,
  end: (role) => endOf([process.execPath], role, peerFile('pg-boss.mjs')),
};
