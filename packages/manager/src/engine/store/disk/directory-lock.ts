import { closeSync, lstatSync, openSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MillraceError } from '@millrace/protocol';
import { DATA_FILE } from './lmdb-journal.ts';

export const LOCK_FILE = 'manager.lock';
/** The kernel bounds the path of a Unix socket; the name of the lock must fit behind the directory. */
const SOCKET_PATH_MAX_BYTES = 80;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });

const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    // Any error but a refusal, such as a full backlog, is a sign of life.
    socket.once('error', (error) =>
      resolve(!hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT')),
    );
  });

const inUse = (directory: string): MillraceError =>
  new MillraceError(
    'STORE_IN_USE',
    `another manager has the data directory ${directory} open: stop it, or choose another with --data`,
  );

/** Releases a lock. */
export type Unlock = () => Promise<void>;

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => void server.close(() => resolve()));

/**
 * Locks a file or directory by an abstract socket, which is no file in any directory. It keeps a
 * second manager out when the lock file was removed, when two processes find the lock file dead at
 * the same time, and when a directory has hard links to the store. Only Linux has such sockets, and
 * each network namespace has its own; elsewhere the lock file alone counts.
 *
 * @param directory of the store, for the error
 * @throws STORE_IN_USE
 */
export const lockByName = async (path: string, directory: string): Promise<Unlock> => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) {
    return async () => {};
  }
  try {
    const server = await listen(`\0millrace-store-${found.dev}-${found.ino}`);
    return () => closeServer(server);
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) {
      throw inUse(directory);
    }
    return async () => {};
  }
};

/** Removes the socket of a process that has ended. */
const removeDead = (path: string): void => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
    throw new Error(`${LOCK_FILE} is not a socket, so no millrace made it; move it away`);
  }
  rmSync(path, { force: true });
};

const lockByFile = async (path: string, directory: string): Promise<Server> => {
  try {
    return await listen(path);
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE')) {
      throw error;
    }
  }
  if (await isAlive(path)) {
    throw inUse(directory);
  }
  removeDead(path);
  try {
    return await listen(path);
  } catch (error) {
    throw hasCode(error, 'EADDRINUSE') ? inUse(directory) : error;
  }
};

/** Gives a path that is short enough for a socket: through a descriptor, if that of the directory is not. */
const withShortPath = async <T>(
  directory: string,
  act: (path: string) => Promise<T>,
): Promise<{ readonly value: T; readonly release: () => void }> => {
  if (Buffer.byteLength(directory) <= SOCKET_PATH_MAX_BYTES) {
    return { value: await act(directory), release: () => {} };
  }
  const descriptor = openSync(directory, 'r');
  try {
    const value = await act(`/proc/self/fd/${descriptor}`);
    return { value, release: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
};

/**
 * Locks a data directory for this process, by listening on a Unix socket in it: Node has no
 * flock, and a socket stops answering when its process ends. Answers a function that unlocks.
 * If the directory has a tree, the tree is locked, too, because another directory may have a hard
 * link to it.
 *
 * @throws STORE_IN_USE
 */
export const lockDirectory = async (directory: string): Promise<Unlock> => {
  const unlocks: Unlock[] = [];
  const unlock: Unlock = async () => {
    for (const one of unlocks.splice(0).toReversed()) {
      await one();
    }
  };
  try {
    for (const path of [directory, join(directory, DATA_FILE)]) {
      unlocks.push(await lockByName(path, directory));
    }
    const { release, value: byFile } = await withShortPath(directory, (path) =>
      lockByFile(join(path, LOCK_FILE), directory),
    );
    unlocks.push(async () => {
      await closeServer(byFile);
      release();
    });
    return unlock;
  } catch (error) {
    await unlock();
    throw error;
  }
};
