/** Starts a fresh PostgreSQL server for one measurement. */
import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, freePort, missingProgram, outputOf, startProgram } from './program.ts';
import type { Server } from './system.ts';

const DEBIAN_DIRECTORY = '/usr/lib/postgresql';

/** The directories in which Debian keeps the programs of each version, the newest first. */
const debianDirectories = (): readonly string[] => {
  const versions =
    findProgram(DEBIAN_DIRECTORY, ['']) === undefined ? [] : readdirSync(DEBIAN_DIRECTORY);
  return versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_DIRECTORY, version, 'bin'));
};

const directories = [...debianDirectories(), ...(process.env['PATH'] ?? '').split(':')];
const postgres = findProgram('postgres', directories);
const initdb = findProgram('initdb', directories) ?? '';
const isReady = findProgram('pg_isready', directories) ?? '';

export const missingPostgres = (): string | undefined =>
  missingProgram('postgres', 'postgresql', postgres);

export const postgresVersion = (): string => outputOf(postgres ?? '', '--version');

/** The user that Debian's package creates. PostgreSQL refuses to run as root. */
const postgresUser = (): { uid: number; gid: number } | undefined =>
  process.getuid?.() === 0
    ? {
        uid: Number(outputOf('id', '-u', 'postgres')),
        gid: Number(outputOf('id', '-g', 'postgres')),
      }
    : undefined;

// Flushed commits are PostgreSQL's default. Memory and log space follow the advice for
// a loaded server: https://www.postgresql.org/docs/15/runtime-config-resource.html
// and https://www.postgresql.org/docs/15/populate.html ("Increase max_wal_size").
const settings = [
  'shared_buffers=1GB',
  'max_wal_size=4GB',
  'max_connections=200',
  'unix_socket_directories=',
];

/** @throws when the directory cannot be prepared */
const prepare = (directory: string, user: { uid: number; gid: number } | undefined): void => {
  if (user !== undefined) {
    chownSync(directory, user.uid, user.gid);
  }
  const args = ['-D', directory, '-U', 'postgres', '-A', 'trust', '--no-sync'];
  const { status, stderr } = spawnSync(initdb, args, { encoding: 'utf8', cwd: directory, ...user });
  if (status !== 0) {
    throw new Error(`initdb: ${stderr}`);
  }
};

export const startPostgres = async (directory: string): Promise<Server> => {
  const user = postgresUser();
  if (readdirSync(directory).length === 0) {
    prepare(directory, user);
  }
  const port = await freePort();
  const listening = [`listen_addresses=127.0.0.1`, `port=${port}`];
  return startProgram({
    program: postgres ?? '',
    args: ['-D', directory, ...[...settings, ...listening].flatMap((each) => ['-c', each])],
    address: `postgres://postgres@127.0.0.1:${port}/postgres`,
    answers: async () => spawnSync(isReady, ['-h', '127.0.0.1', '-p', String(port)]).status === 0,
    // SIGINT is a fast shutdown: it ends the sessions that are still open.
    stopSignal: 'SIGINT',
    options: { cwd: directory, stdio: 'ignore', ...user },
  });
};
