import { codeOf, type ErrorCode, messageOf } from '@millrace/protocol';
import { explained } from '../../config/working-directory.ts';
import { plainText } from './plain-text.ts';

/** Exit codes of every command; docs/guide/cli.md lists them. */
export const exitCodes = {
  ok: 0,
  /** The command failed; stderr says why. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** No manager could be reached, or it refused the key. */
  unreachable: 3,
  /** The store failed: nothing was acknowledged after that. */
  storeFailed: 4,
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  BAD_OPTION: exitCodes.usage,
  CONFIG_NOT_FOUND: exitCodes.usage,
  HANDLER_INVALID: exitCodes.usage,
  HANDLER_NOT_IMPORTABLE: exitCodes.usage,
  CONNECT_FAILED: exitCodes.unreachable,
  CONNECTION_LOST: exitCodes.unreachable,
  AUTH_FAILED: exitCodes.unreachable,
  AUTH_TIMEOUT: exitCodes.unreachable,
  UNSUPPORTED_VERSION: exitCodes.unreachable,
  STORE_FAILED: exitCodes.storeFailed,
};

export const exitCodeOf = (code: ErrorCode): number => byCode[code] ?? exitCodes.failed;

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ' ');

/** Prints an error as one line on stderr; returns its exit code. */
export const reportError = (thrown: unknown): number => {
  const error = explained(thrown);
  const code = codeOf(error) ?? 'INTERNAL';
  process.stderr.write(`millrace: ${code}: ${plainText(oneLine(messageOf(error)))}\n`);
  return exitCodeOf(code);
};
