import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const BLOCK = Buffer.alloc(64 * 1024, 1);

/** Mounts a file system; answers the reason when that is not possible. */
const mount = (...args: readonly string[]): string | undefined => {
  const { error, status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
};

const mountMemory = (directory: string, bytes: number): string | undefined =>
  mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory);

const unmount = (directory: string): void => {
  spawnSync('umount', ['-l', directory]);
};

/** The reason why no disk can be mounted on this machine; undefined if one can. */
export const mountMissing = ((): string | undefined => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-mount-'));
  const reason = mountMemory(directory, BLOCK.length);
  unmount(directory);
  rmdirSync(directory);
  return reason;
})();

const must = (reason: string | undefined): void => {
  if (reason !== undefined) {
    throw new Error(`cannot mount: ${reason}`);
  }
};

/** Disks of a test, which are unmounted when it ends. Call `stages` before this: a stage is closed later. */
export const disks = () => {
  const mounted: string[] = [];
  afterEach(() => mounted.splice(0).toReversed().forEach(unmount));
  return {
    /** Mounts a small file system in memory in a new directory. */
    small(directory: string, bytes: number): string {
      mkdirSync(directory);
      must(mountMemory(directory, bytes));
      mounted.push(directory);
      return directory;
    },
    /** Makes a directory read-only for everybody, until the returned function is called. */
    readOnly(directory: string): () => void {
      must(mount('--bind', directory, directory));
      mounted.push(directory);
      must(mount('-o', 'remount,ro,bind', directory));
      return () => unmount(directory);
    },
  };
};

export const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

/** Fills the disk up to `leaveBytes`. @returns the path of the file that fills it */
export const fill = async (directory: string, leaveBytes: number): Promise<string> => {
  const path = join(directory, 'ballast');
  const file = await open(path, 'a');
  for (let left = freeBytes(directory) - leaveBytes; left > 0; left -= BLOCK.length) {
    await file.write(BLOCK.subarray(0, Math.min(BLOCK.length, left)));
  }
  await file.close();
  return path;
};
