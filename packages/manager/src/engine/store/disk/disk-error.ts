import { statfsSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { messageOf } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';

const ANOTHER_PLACE = 'free some space, or choose a directory on another disk';
const RIGHTS = 'run this as the user of the manager, or change the owner of the directory';

/** What the errors of the platform mean here, and what to do about them. */
const meanings: Readonly<Record<string, readonly [meaning: string, wayOut: string]>> = {
  ENOSPC: ['the disk is full', ANOTHER_PLACE],
  EDQUOT: ['the quota of this user is used up', ANOTHER_PLACE],
  EFBIG: ['a file grew beyond the limit of this process', 'raise the limit (ulimit -f)'],
  EROFS: ['the file system is read-only', 'mount it for writing, or choose another directory'],
  EACCES: ['this user has no right to do that', RIGHTS],
  EPERM: ['this user has no right to do that', RIGHTS],
  EIO: ['the disk reports an error', 'look at the log of the kernel, and restore a backup'],
  ENOTDIR: ['a part of the path is not a directory', 'choose another directory'],
  ENAMETOOLONG: ['the path is too long', 'choose another directory'],
  EMFILE: ['this process has too many files open', 'raise the limit (ulimit -n)'],
  ENOMEM: ['memory is short', 'free some memory, or raise the limit (ulimit -v)'],
};

/** LMDB's copy of a tree fails with the words of the C library alone. */
const namesByText: Readonly<Record<string, string>> = {
  'No space left on device': 'ENOSPC',
  'Disk quota exceeded': 'EDQUOT',
  'File too large': 'EFBIG',
  'Input/output error': 'EIO',
};

/** The name of an error of the platform, such as ENOSPC. LMDB's commits give the number. */
export const errorNameOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') {
    return code;
  }
  return typeof code === 'number' && code > 0
    ? getSystemErrorName(-code)
    : namesByText[messageOf(error)];
};

/** A full disk, or a quota that is used up. */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(errorNameOf(error) ?? '');

/** The message of an error; one of the platform is said in words, with the way out. */
export const sayError = (error: unknown): string => {
  const [meaning, wayOut] = meanings[errorNameOf(error) ?? ''] ?? [];
  return meaning === undefined ? messageOf(error) : `${meaning} (${messageOf(error)}); ${wayOut}`;
};

/** Free space of a disk, and how much of it stays free for the results and deletes of a manager. */
export const roomOf = (
  directory: string,
): { readonly freeBytes: number; readonly reserveBytes: number } => {
  const disk = statfsSync(directory);
  return {
    freeBytes: disk.bavail * disk.bsize,
    reserveBytes: Math.min(tuning.reserveMaxBytes, disk.blocks * disk.bsize * tuning.reserveShare),
  };
};

const MIB = 1_024 * 1_024;

/**
 * Refuses a copy that would use the reserve of a disk: a manager with its store on the same disk
 * ends when a write finds no space.
 */
export const requireRoom = (directory: string, neededBytes: number): void => {
  const { freeBytes, reserveBytes } = roomOf(directory);
  if (neededBytes + reserveBytes > freeBytes) {
    const neededMib = Math.ceil((neededBytes + reserveBytes) / MIB);
    throw new Error(
      `the disk is full: this needs ${neededMib} MiB of free space, reserve included, and the disk has ${Math.floor(freeBytes / MIB)} MiB; ${ANOTHER_PLACE}`,
    );
  }
};
