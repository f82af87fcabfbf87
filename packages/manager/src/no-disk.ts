import { MillraceError } from '@millrace/protocol';

/** A library that LMDB uses generates code from strings when it is loaded; Node may forbid that. */
export const explainNoDisk = (error: unknown): never => {
  if (error instanceof EvalError) {
    throw new MillraceError(
      'BAD_OPTION',
      'a store on disk does not work under --disallow-code-generation-from-strings: run Node without that flag, or run the manager in memory (no dataDir, --memory)',
      { cause: error },
    );
  }
  throw error;
};
