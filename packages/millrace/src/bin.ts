import { MillraceError } from '@millrace/protocol';
import { CommanderError } from 'commander';
import { createProgram } from './cli/program.ts';
import { levels } from './cli/status/verdict.ts';
import { exitCodes, reportError } from './cli/terminal/exit.ts';

/** Of these the exit code is a verdict: whatever kept them from one is `unreachable`. */
const VERDICTS = ['status', 'check'];

const wrongUsage = (error: CommanderError): number => {
  if (error.exitCode === exitCodes.ok) {
    return exitCodes.ok;
  }
  // A group of verbs without a verb has shown its help.
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

// Whoever reads the log may leave first, as `tee` does on Ctrl-C: what runs is drained all the same.
process.stderr.on('error', () => {});

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe may have what it wants and leave.
  if (error.code === 'EPIPE') {
    process.exit(exitCodes.ok);
  }
  const said = `stdout cannot be written: ${error.message}; look at where it goes`;
  process.exit(exitOf(new MillraceError('OUTPUT_FAILED', said)));
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exit(exitOf(error));
}
