import { isAbsolute, resolve } from 'node:path';
import { MillraceError } from '@millrace/protocol';

const removed = (): MillraceError =>
  new MillraceError(
    'CONFIG_NOT_FOUND',
    'the working directory was removed; run millrace in a directory that exists',
  );

/** @throws CONFIG_NOT_FOUND if the working directory was removed */
export const workingDirectory = (): string => {
  try {
    return process.cwd();
  } catch {
    throw removed();
  }
};

/** Translates the platform's error for a removed working directory; any other error stays as it is. */
export const explained = (error: unknown): unknown =>
  error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd' ? removed() : error;

/** Makes a path absolute from the working directory. @throws CONFIG_NOT_FOUND */
export const absolutePath = (path: string): string =>
  isAbsolute(path) ? resolve(path) : resolve(workingDirectory(), path);
