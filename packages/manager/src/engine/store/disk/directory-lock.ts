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
 * Lets one process at a time replace the socket of a dead process; otherwise one could
 * remove the new socket of another, and both would go on. An abstract socket leaves no file
 * behind. Only Linux has them; elsewhere takeovers are not serialized.
 */
const beginTakeover = async (directory: string): Promise<Server | undefined> => {
  const { dev, ino } = statSync(directory);
  try {
    return await listen(`\0millrace-takeover-${dev}-${ino}`);
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) {
      throw inUse(directory);
    }
    return undefined;
  }
};

/** Removes a socket whose process is gone. Sockets are removed here alone, and only within a takeover. */
const removeDead = async (path: string, directory: string): Promise<void> => {
  if (await isAlive(path)) {
    throw inUse(directory);
  }
  rmSync(path, { force: true });
};

const takeOver = async (path: string, directory: string): Promise<Server> => {
  const takeover = await beginTakeover(directory);
  try {
    await removeDead(path, directory);
    return await listen(path);
  } finally {
    takeover?.close();
  }
};

const takeLock = async (path: string, directory: string): Promise<Server> => {
  try {
    return await listen(path);
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE')) {
      throw error;
    }
  }
  try {
    return await takeOver(path, directory);
  } catch (error) {
    throw hasCode(error, 'EADDRINUSE') ? inUse(directory) : error;
  }
};

/**
 * Locks a data directory for this process, by listening on a Unix socket in it: Node has no
 * flock, and a socket stops answering when its process ends. Answers a function that unlocks.
 *
 * @throws STORE_IN_USE
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const isLong = Buffer.byteLength(directory) > SOCKET_PATH_MAX_BYTES;
  const descriptor = isLong ? openSync(directory, 'r') : undefined;
  const base = descriptor === undefined ? directory : `/proc/self/fd/${descriptor}`;
  const release = (): void => {
    if (descriptor !== undefined) {
      closeSync(descriptor);
    }
  };
  try {
    const server = await takeLock(join(base, LOCK_FILE), directory);
    return () => new Promise((resolve) => server.close(() => resolve(release())));
  } catch (error) {
    release();
    throw error;
  }
};
