import { type ErrorCode, MillraceError } from '@millrace/protocol';
import { exitCodes } from './exit.ts';

type Lost = (error: NodeJS.ErrnoException) => void;

/** Where the one line about a lost stdout goes: a log, or stderr. */
export type SayLost = (code: ErrorCode, message: string) => void;

/** A pipe reports EPIPE. A socket, which Node gives its children for a pipe, may report ECONNRESET. */
const isReaderGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'EPIPE' || code === 'ECONNRESET';

const reasonOf = (error: NodeJS.ErrnoException): string =>
  isReaderGone(error) ? `its reader is gone (${error.code})` : error.message;

let lost: Lost = () => {};

/**
 * Ends a command that cannot write its stdout. A reader that has read enough closes
 * the pipe, which is no failure: the exit code stays what the command has set.
 *
 * @param fail ends the process with the error
 */
export const endWithStdout = (fail: (error: MillraceError) => never): void => {
  lost = (error) => {
    if (isReaderGone(error)) {
      process.exit(process.exitCode ?? exitCodes.ok);
    }
    const said = `stdout cannot be written: ${error.message}; check where stdout goes`;
    fail(new MillraceError('OUTPUT_FAILED', said));
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => lost(error));
};

/**
 * From now on a lost stdout ends nothing: it is said once, and later output is
 * dropped until stdout can be written again. For commands that keep running, whose
 * handlers may print.
 */
export const outliveStdout = (say: SayLost): void => {
  lost = (error) => {
    lost = () => {};
    say(
      'OUTPUT_FAILED',
      `stdout cannot be written: ${reasonOf(error)}; the command goes on without it`,
    );
  };
};
