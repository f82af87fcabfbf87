import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { limits, MillraceError, messageOf, systemClock } from '@millrace/protocol';
import { type HandlerTable, handlerTable } from './handler-table.ts';

const isTypeScript = (url: URL): boolean => /\.(?:[mc]?ts|[jt]sx)$/.test(url.pathname);

/** The nearest `tsconfig.json` upward of a module: its paths and its JSX hold, wherever the process runs. */
const tsconfigOf = (url: URL): string | undefined => {
  for (let directory = dirname(fileURLToPath(url)); ; directory = dirname(directory)) {
    const path = join(directory, 'tsconfig.json');
    if (existsSync(path)) {
      return path;
    }
    if (dirname(directory) === directory) {
      return undefined;
    }
  }
};

const TSCONFIG_VARIABLE = 'TSX_TSCONFIG_PATH';

/** tsx reads its settings for CommonJS from the environment, which handlers must not inherit. */
const withTsconfig = (path: string | undefined, register: () => void): void => {
  if (path === undefined || process.env[TSCONFIG_VARIABLE] !== undefined) {
    register();
    return;
  }
  process.env[TSCONFIG_VARIABLE] = path;
  try {
    register();
  } finally {
    delete process.env[TSCONFIG_VARIABLE];
  }
};

let typeScriptIsRegistered = false;

/**
 * Lets this thread import TypeScript, in CommonJS packages too, which `npm init`
 * makes. A registration holds for its own thread only, and Node 20 does not pass
 * `--import tsx` on to threads.
 */
const registerTypeScript = async (url: URL): Promise<void> => {
  if (typeScriptIsRegistered) {
    return;
  }
  typeScriptIsRegistered = true;
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')]);
  withTsconfig(tsconfigOf(url), () => {
    commonJs.register();
    modules.register();
  });
};

/**
 * The URL of a handler module.
 *
 * @param module a path, relative to the working directory, or a `file:` URL
 * @throws HANDLER_INVALID for a URL of another kind
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
 * Imports a module within a time limit. If a top-level await never settles, Node
 * has nothing left to wait for, and ends the process without a message.
 */
const importWithin = async (url: URL, maxMs: number): Promise<unknown> => {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.after(maxMs, () =>
      reject(
        new Error(
          `the import did not end within ${maxMs} ms; check that every top-level await settles`,
        ),
      ),
    );
  });
  try {
    return await Promise.race([import(url.href), late]);
  } finally {
    cancel();
  }
};

/** Where an import failed, in the first file of the user's own; empty if its text says so, or nobody knows. */
const placeOf = (error: unknown): string => {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = stack
    .split('\n')
    .filter((line) => !line.includes('node_modules') && !line.includes('node:'))
    .map((line) => /(?:file:\/\/)?((?:\/|[A-Z]:)[^\s()]*?:\d+(?::\d+)?)(?:\)|$)/.exec(line)?.[1])
    .find((found) => found !== undefined);
  return place === undefined || messageOf(error).includes(place) ? '' : ` (at ${place})`;
};

const importModule = async (url: URL, where: string): Promise<unknown> => {
  await checkFile(url, where);
  try {
    if (isTypeScript(url)) {
      await registerTypeScript(url);
    }
    return await importWithin(url, limits.handlerImportMaxMs);
  } catch (error) {
    const reason = (messageOf(error) + placeOf(error)).replaceAll(/\s*\n\s*/g, ' ');
    throw new MillraceError('HANDLER_INVALID', `${where} cannot be imported: ${reason}`, {
      cause: error,
    });
  }
};

const defaultOf = (imported: unknown): unknown =>
  typeof imported === 'object' && imported !== null && 'default' in imported
    ? imported.default
    : undefined;

/** An ES module that was compiled to CommonJS has its default export nested in another default. */
const handlersOf = (imported: unknown): unknown => {
  const exported = defaultOf(imported);
  return Array.isArray(exported) ? exported : (defaultOf(exported) ?? exported);
};

/**
 * Imports a module of the user, JavaScript or TypeScript.
 *
 * @param module a path, relative to the working directory, or a `file:` URL
 * @param kind names the module in errors, such as `handler module`
 * @throws HANDLER_INVALID with one line that names the module and the fault
 */
export const importUserModule = (module: string | URL, kind: string): Promise<unknown> => {
  const url = handlerModuleUrl(module);
  return importModule(url, `${kind} ${fileURLToPath(url)}`);
};

/**
 * Imports a handler module, JavaScript or TypeScript, and checks its default
 * export.
 *
 * @throws HANDLER_INVALID with one line that names the module and the fault
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
