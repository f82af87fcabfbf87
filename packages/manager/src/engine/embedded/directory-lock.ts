import { closeSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MillraceError } from '@millrace/protocol';

const LOCK_NAME = 'manager.lock';
/** The kernel's bound on the path of a Unix socket, with room for the name of a stale one. */
const SOCKET_PATH_MAX_BYTES = 80;
const TRIES = 5;

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
    // Anything but a refusal, such as a full backlog, is a sign of life.
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
 * Moves a socket out of the way whose process is gone. Of two managers that find
 * the same one, a late one may move the socket of the winner: it sees that this
 * one answers, and puts it back.
 */
const clearStale = async (path: string, directory: string): Promise<void> => {
  if (await isAlive(path)) {
    throw inUse(directory);
  }
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return;
    }
    throw error;
  }
  if (await isAlive(aside)) {
    renameSync(aside, path);
    throw inUse(directory);
  }
  unlinkSync(aside);
};

const takeLock = async (path: string, directory: string): Promise<Server> => {
  for (let n = 0; n < TRIES; n++) {
    try {
      return await listen(path);
    } catch (error) {
      if (!hasCode(error, 'EADDRINUSE')) {
        throw error;
      }
      await clearStale(path, directory);
    }
  }
  throw inUse(directory);
};

/**
 * Ensures that one manager has a data directory, by listening on a Unix socket
 * in it: Node has no flock, and a socket stops answering with its process.
 * Returns what releases it.
 *
 * @throws STORE_IN_USE
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const isLong = Buffer.byteLength(directory) > SOCKET_PATH_MAX_BYTES;
  const descriptor = isLong ? openSync(directory, 'r') : undefined;
  const base = descriptor === undefined ? directory : `/proc/self/fd/${descriptor}`;
  const server = await takeLock(join(base, LOCK_NAME), directory);
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        if (descriptor !== undefined) {
          closeSync(descriptor);
        }
        resolve();
      });
    });
};
