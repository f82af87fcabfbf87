import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tuning } from '../../../../tuning.ts';
import { flushDirectory } from '../../directories.ts';
import { type LogFile, makeLogFile, openLogFile } from './log-file.ts';

/** The two files of a log; a new log begins in the first. */
export interface LogFiles {
  readonly first: LogFile;
  readonly second: LogFile;
  /** Size of each; a file that has grown is cut back to it. */
  readonly fileBytes: number;
}

const open = async (
  directory: string,
  openFile: (path: string) => Promise<LogFile>,
): Promise<LogFiles> => {
  const first = await openFile(join(directory, 'log.0'));
  try {
    const second = await openFile(join(directory, 'log.1'));
    return { first, second, fileBytes: tuning.logFileBytes };
  } catch (error) {
    await first.close();
    throw error;
  }
};

export const closeLogFiles = async ({ first, second }: LogFiles): Promise<void> => {
  try {
    await first.close();
  } finally {
    await second.close();
  }
};

const openExisting = (path: string): Promise<LogFile> => {
  if (!existsSync(path)) {
    throw new Error(`the log file ${basename(path)} is missing; put it back, or restore a backup`);
  }
  return openLogFile(path);
};

/** @throws Error when one is missing or cannot be opened */
export const openLogFiles = (directory: string): Promise<LogFiles> => open(directory, openExisting);

/** Makes both files, and replaces existing ones; on disk when the promise resolves. */
export const makeLogFiles = async (directory: string): Promise<LogFiles> => {
  const files = await open(directory, (path) => makeLogFile(path, tuning.logFileBytes));
  try {
    flushDirectory(directory);
    return files;
  } catch (error) {
    await closeLogFiles(files);
    throw error;
  }
};
