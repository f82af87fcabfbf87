import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { limits, MillraceError, messageOf, systemClock } from '@millrace/protocol';
import { type HandlerTable, handlerTable } from './handler-table.ts';

const isTypeScript = (url: URL): boolean => /\.[mc]?ts$/.test(url.pathname);

let typeScriptIsRegistered = false;

/**
 * Lets this thread import TypeScript, also in a package that is CommonJS, which
 * is what `npm init` makes. A registration reaches only the thread in which it
 * is made, and `--import tsx` does not reach threads of Node 20.
 */
const registerTypeScript = async (): Promise<void> => {
  if (typeScriptIsRegistered) {
    return;
  }
  typeScriptIsRegistered = true;
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')]);
  commonJs.register();
  modules.register();
};

/**
 * The address of a handler module: a path, relative to the working directory,
 * or a `file:` URL.
 *
 * @throws HANDLER_INVALID for a URL that is not of a file
 */
export const handlerModuleUrl = (module: string | URL): URL => {
  if (typeof module === 'string' && !module.startsWith('file:')) {
    return pathToFileURL(resolve(module));
  }
  const url = new URL(module);
  if (url.protocol !== 'file:') {
    throw new MillraceError('HANDLER_INVALID', `handler module ${url.href} is not a file`);
  }
  return url;
};

const checkFile = async (url: URL, where: string): Promise<void> => {
  const found = await stat(url).catch(() => undefined);
  if (found?.isFile() !== true) {
    const what = found === undefined ? 'does not exist or cannot be read' : 'is not a file';
    throw new MillraceError('HANDLER_INVALID', `${where} ${what}`);
  }
};

/**
 * Imports within a bound: a top-level await that never settles would leave the
 * process nothing to wait for, and Node ends it without a word.
 */
const importWithin = async (url: URL, maxMs: number): Promise<unknown> => {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.after(maxMs, () =>
      reject(new Error(`it was not imported within ${maxMs} ms; does a top-level await settle?`)),
    );
  });
  try {
    return await Promise.race([import(url.href), late]);
  } finally {
    cancel();
  }
};

const importModule = async (url: URL, where: string): Promise<unknown> => {
  await checkFile(url, where);
  try {
    if (isTypeScript(url)) {
      await registerTypeScript();
    }
    return await importWithin(url, limits.handlerImportMaxMs);
  } catch (error) {
    const reason = messageOf(error).replaceAll(/\s*\n\s*/g, ' ');
    throw new MillraceError('HANDLER_INVALID', `${where} cannot be imported: ${reason}`, {
      cause: error,
    });
  }
};

const defaultOf = (imported: unknown): unknown =>
  typeof imported === 'object' && imported !== null && 'default' in imported
    ? imported.default
    : undefined;

/** An ES module that was compiled to CommonJS is imported with its default inside the default. */
const handlersOf = (imported: unknown): unknown => {
  const exported = defaultOf(imported);
  return Array.isArray(exported) ? exported : (defaultOf(exported) ?? exported);
};

/**
 * Imports a handler module, JavaScript or TypeScript, and checks its default
 * export.
 *
 * @throws HANDLER_INVALID, with one line that names the module and what is wrong
 */
export const loadHandlers = async (module: string | URL): Promise<HandlerTable> => {
  const url = handlerModuleUrl(module);
  const path = fileURLToPath(url);
  const where = `handler module ${path}`;
  const handlers = handlersOf(await importModule(url, where));
  if (handlers === undefined) {
    throw new MillraceError(
      'HANDLER_INVALID',
      `${where} has no default export: export default [handler(task, fn)]`,
    );
  }
  return handlerTable(handlers, `the default export of ${path}`);
};
