import { Console } from 'node:console';
import { isatty } from 'node:tty';
import { format } from 'node:util';

/** The log of one attempt. Details are formatted as by `console.log`. */
export interface TaskLog {
  info(message: string, ...details: readonly unknown[]): void;
  warn(message: string, ...details: readonly unknown[]): void;
  error(message: string, ...details: readonly unknown[]): void;
}

/** A `Console` ignores errors of its stream: no task fails because the reader of stderr has left. */
const lines = new Console(process.stderr);

/** The numbers of the levels in the log of a worker. */
const levels = { info: 30, warn: 40, error: 50 } as const;

// oxlint-disable-next-line no-control-regex -- the pattern looks for control characters
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;

const escaped = (char: string): string =>
  char === '\n' ? '\\n' : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** One line, whatever the text holds: for people on a terminal, and JSON as the worker's own log elsewhere. */
const lineOf = (taskId: string, level: keyof typeof levels, text: string): string =>
  // The stream of a thread does not say what the descriptor is.
  isatty(2)
    ? `[${taskId}] ${level}: ${text.replaceAll(CONTROL, escaped)}`
    : JSON.stringify({
        level: levels[level],
        time: Date.now(),
        pid: process.pid,
        task: taskId,
        msg: text,
      });

/**
 * A log that writes lines to stderr: `[taskId] level: message` on a terminal, JSON with
 * `level`, `time`, `pid`, `task` and `msg` elsewhere.
 */
export const taskLog = (taskId: string): TaskLog => {
  const writer =
    (level: keyof typeof levels) =>
    (message: string, ...details: readonly unknown[]): void => {
      // `%` in the line is not a format any more.
      lines.log('%s', lineOf(taskId, level, format(message, ...details)));
    };
  return { info: writer('info'), warn: writer('warn'), error: writer('error') };
};
