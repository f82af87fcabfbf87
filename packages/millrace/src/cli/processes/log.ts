import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Log } from '@millrace/protocol';
import { type DestinationStream, levels, pino } from 'pino';
import { tuning } from '../../tuning.ts';
import { outliveStdout } from '../terminal/lost-stdout.ts';
import { plainText } from '../terminal/plain-text.ts';

const STDERR = 2;

/** The fields that pino adds to those of the caller. */
interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg: string;
}

const styles = { info: 'green', warn: 'yellow', error: 'red' } as const;

const styleOf = (level: string): (typeof styles)[keyof typeof styles] =>
  level === 'warn' || level === 'error' ? styles[level] : styles.info;

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** A line of the log for people: time, level, message and fields. */
export const humanLine = (line: string): string => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pino writes these fields
  const { level, msg, time, ...fields } = JSON.parse(line) as Line;
  const name = levels.labels[level] ?? 'info';
  const about = Object.entries(fields).map(([key, value]) => `${key}=${textOf(value)}`);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const said = [msg, ...about].map(plainText);
  return [clock, styleText(styleOf(name), name.padEnd(5)), ...said].join(' ');
};

const terminal: DestinationStream = {
  write: (line) => {
    try {
      writeSync(STDERR, `${humanLine(line)}\n`);
    } catch {
      // A terminal that was closed is ignored: the command goes on without its log.
    }
  },
};

const machines = (): DestinationStream => {
  const stream = pino.destination({
    fd: STDERR,
    sync: true,
    maxLength: tuning.logUnwrittenMaxBytes,
  });
  // A full disk of the log is ignored: the command goes on without its log.
  stream.on('error', () => {});
  return stream;
};

/**
 * The log of a long-running command, on stderr: lines for people on a terminal,
 * JSON elsewhere. Writes are synchronous, so that the last line before an exit is
 * not lost.
 *
 * @param names fields of every line, such as the name of a worker
 */
export const openLog = (names: Readonly<Record<string, unknown>> = {}): Log => {
  const options = { base: process.stderr.isTTY ? {} : { pid: process.pid } };
  const stream = process.stderr.isTTY ? terminal : machines();
  return pino(options, stream).child(names);
};

/** Lets a command that keeps running go on without its stdout, and log that once. */
export const logLostStdout = (): void =>
  outliveStdout((code, message) => openLog().warn({ code }, message));
