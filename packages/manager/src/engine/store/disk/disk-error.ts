import { statfsSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { messageOf } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';

const ANOTHER_PLACE = 'free some space, or choose a directory on another disk';
const RIGHTS = 'run this as the user of the manager, or change the owner of the directory';

/** The meaning of errors of the platform for a store, and the way out of each. */
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
  ENOMEM: ['there is not enough memory', 'free some memory, or raise the limit (ulimit -v)'],
};

/** When LMDB copies a tree, its errors have the texts of the C library and no codes. */
const namesByText: Readonly<Record<string, string>> = {
  'No space left on device': 'ENOSPC',
  'Disk quota exceeded': 'EDQUOT',
  'File too large': 'EFBIG',
  'Input/output error': 'EIO',
};

/** The name of an error of the platform, such as ENOSPC. Errors of LMDB's commits have its number instead. */
export const errorNameOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') {
    return code;
  }
  return typeof code === 'number' && code > 0
    ? getSystemErrorName(-code)
    : namesByText[messageOf(error)];
};

/** Whether an error says that the disk is full, or a quota used up. */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(errorNameOf(error) ?? '');

/** The message of an error; for an error of the platform with its meaning and the way out. */
export const sayError = (error: unknown): string => {
  const [meaning, wayOut] = meanings[errorNameOf(error) ?? ''] ?? [];
  return meaning === undefined ? messageOf(error) : `${meaning} (${messageOf(error)}); ${wayOut}`;
};

/** The free space of a disk, and the reserve that stays free for results and deletes of a manager. */
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
      `the disk has too little free space: this needs ${neededMib} MiB, reserve included, and the disk has ${Math.floor(freeBytes / MIB)} MiB; ${ANOTHER_PLACE}`,
    );
  }
};
