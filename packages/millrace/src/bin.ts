import { MillraceError } from '@millrace/protocol';
import { CommanderError } from 'commander';
import { createProgram } from './cli/program.ts';
import { levels } from './cli/status/verdict.ts';
import { exitCodes, reportError } from './cli/terminal/exit.ts';
import { endWithStdout } from './cli/terminal/lost-stdout.ts';

/** Commands whose exit code is a verdict; every failure of theirs is `unreachable`. */
const VERDICTS = ['status', 'check'];

const wrongUsage = (error: CommanderError): number => {
  if (error.exitCode === exitCodes.ok) {
    return exitCodes.ok;
  }
  // A group that was called without a verb has printed its help already.
  if (error.code === 'commander.help') {
    return exitCodes.usage;
  }
  const said = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  return reportError(new MillraceError('BAD_OPTION', `${said} (see millrace --help)`));
};

const exitOf = (error: unknown): number => {
  const code = error instanceof CommanderError ? wrongUsage(error) : reportError(error);
  const isVerdict = VERDICTS.includes(process.argv[2] ?? '');
  return isVerdict && code !== exitCodes.ok ? levels.unreachable : code;
};

// The reader of the log may leave first, as `tee` does on Ctrl-C; the command still drains.
process.stderr.on('error', () => {});

endWithStdout((error) => process.exit(exitOf(error)));

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exit(exitOf(error));
}
