import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLogEnd } from './log-end.ts';
import { checkLogFile, logNames, sequenceOf } from './log-files.ts';
import { LOG_HEADER_BYTES } from './log-header.ts';

/** A log, as it is in its files. */
export interface StoredLog {
  readonly files: readonly Buffer[];
  /** The sequence of the last record that `log.end` notes as on disk. */
  readonly end: number;
}

/** Runs a part of a survey. An error is noted as damage, and the result is undefined. */
export type Noting = <T>(act: () => T) => T | undefined;

/** Checks the first page of each log file, which never changes. @returns whether both pages are whole */
export const surveyLogHeaders = (directory: string, mark: Uint8Array, noting: Noting): boolean => {
  const headers = logNames.map((name, number) =>
    noting(() => checkLogFile(directory, name, number, mark)),
  );
  return headers.every((header) => header !== undefined);
};

/** Reads the log of a stopped store, and changes nothing. @returns undefined when a file is damaged */
export const surveyLog = (
  directory: string,
  mark: Uint8Array,
  noting: Noting,
): StoredLog | undefined => {
  const areWhole = surveyLogHeaders(directory, mark, noting);
  const end = noting(() => sequenceOf(readLogEnd(directory), mark));
  if (!areWhole || end === undefined) {
    return undefined;
  }
  const files = noting(() =>
    logNames.map((name) => readFileSync(join(directory, name)).subarray(LOG_HEADER_BYTES)),
  );
  return files && { files, end };
};
