import { Console } from 'node:console';
import { format } from 'node:util';

/** The log of one attempt. Details are formatted as by `console.log`. */
export interface TaskLog {
  info(message: string, ...details: readonly unknown[]): void;
  warn(message: string, ...details: readonly unknown[]): void;
  error(message: string, ...details: readonly unknown[]): void;
}

/** A `Console` ignores errors of its stream: no task fails because the reader of stderr has left. */
const lines = new Console(process.stderr);

/** A log that writes lines of the form `[taskId] level: message` to stderr. */
export const taskLog = (taskId: string): TaskLog => {
  const writer =
    (level: keyof TaskLog) =>
    (message: string, ...details: readonly unknown[]): void => {
      lines.log(`[${taskId}] ${level}: ${format(message, ...details)}`);
    };
  return { info: writer('info'), warn: writer('warn'), error: writer('error') };
};
