import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MillraceError } from '@millrace/protocol';

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

/**
 * Locks the directory by an abstract socket, which no file shows: neither the removal of the lock
 * file nor two processes that find it dead at once may let a second manager in. Only Linux has
 * such sockets, and each network namespace has its own; elsewhere the lock file alone counts.
 */
const lockByName = async (directory: string): Promise<Server | undefined> => {
  const { dev, ino } = statSync(directory, { bigint: true });
  try {
    return await listen(`\0millrace-store-${dev}-${ino}`);
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) {
      throw inUse(directory);
    }
    return undefined;
  }
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
  // The socket of a process that is gone.
  rmSync(path, { force: true });
  try {
    return await listen(path);
  } catch (error) {
    throw hasCode(error, 'EADDRINUSE') ? inUse(directory) : error;
  }
};

const closeServer = (server: Server | undefined): Promise<void> =>
  new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));

/** The kernel resolves a descriptor to a directory whose path is too long for a socket. */
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
 *
 * @throws STORE_IN_USE
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const byName = await lockByName(directory);
  try {
    const { release, value: byFile } = await withShortPath(directory, (path) =>
      lockByFile(join(path, LOCK_FILE), directory),
    );
    return async () => {
      await closeServer(byFile);
      release();
      await closeServer(byName);
    };
  } catch (error) {
    await closeServer(byName);
    throw error;
  }
};
