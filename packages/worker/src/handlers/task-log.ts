import { Console } from 'node:console';
import { format } from 'node:util';

/** Where a handler writes what it does. Details are formatted as by `console.log`. */
export interface TaskLog {
  info(message: string, ...details: readonly unknown[]): void;
  warn(message: string, ...details: readonly unknown[]): void;
  error(message: string, ...details: readonly unknown[]): void;
}

/** A reader of stderr that has left is no error of the task; a console hears the error of its stream. */
const lines = new Console(process.stderr);

/** A log that writes lines `[taskId] level: message` to stderr. */
export const taskLog = (taskId: string): TaskLog => {
  const writer =
    (level: keyof TaskLog) =>
    (message: string, ...details: readonly unknown[]): void => {
      lines.log(`[${taskId}] ${level}: ${format(message, ...details)}`);
    };
  return { info: writer('info'), warn: writer('warn'), error: writer('error') };
};
