import { format } from 'node:util';

/** Where a handler writes what it does. Details are formatted as by `console.log`. */
export interface TaskLog {
  info(message: string, ...details: readonly unknown[]): void;
  warn(message: string, ...details: readonly unknown[]): void;
  error(message: string, ...details: readonly unknown[]): void;
}

/** A log that writes lines `[taskId] level: message` to stderr. */
export const taskLog = (taskId: string): TaskLog => {
  const writer =
    (level: keyof TaskLog) =>
    (message: string, ...details: readonly unknown[]): void => {
      process.stderr.write(`[${taskId}] ${level}: ${format(message, ...details)}\n`);
    };
  return { info: writer('info'), warn: writer('warn'), error: writer('error') };
};
