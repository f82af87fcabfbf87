import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect, defineTask, handler, Manager, Worker } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'millrace-bundlers-'));
const project = join(directory, 'project');
const elsewhere = join(directory, 'elsewhere');
const authkey = 'a shared secret';
const double = defineTask<number, number>('double', { queue: 'tasks' });

/** Runs a program while the manager in this process goes on; rejects unless it succeeds. */
const run = async (
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> => {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd,
    env: { ...process.env, ...env },
  });
  return stdout;
};

/** Packs a package and unpacks it into the project, as an installation without dependencies does. */
const unpack = async (name: string, ...options: readonly string[]): Promise<void> => {
  const script = join(root, 'scripts/pack.mjs');
  const printed = await run(process.execPath, [script, ...options, directory], root);
  const home = join(project, 'node_modules', name);
  mkdirSync(home, { recursive: true });
  await run('tar', ['xzf', join(root, printed.trim()), '-C', home, '--strip-components=1'], root);
};

const appOf = (source: string): string => `
import { connect, defineTask } from '${source}';
const main = async () => {
  const client = await connect();
  const double = defineTask('double', { queue: 'tasks' });
  console.log('doubled', await client.run(double, 21, { timeoutMs: 20000 }));
  await client.close();
};
main();
`;

let manager: Manager;
let worker: Worker;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  mkdirSync(project, { recursive: true });
  mkdirSync(elsewhere);
  await unpack('millrace');
  await unpack('@millrace/client', '--client');
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'light.mjs'), appOf('@millrace/client'));
  writeFileSync(join(project, 'entry.mjs'), appOf('millrace/client'));
  manager = new Manager({ port: 0, authkey });
  manager.register('tasks', {});
  const { url } = await manager.start();
  worker = await Worker.start({ url, authkey, handlers: [handler(double, (n) => n * 2)] });
  env = { MILLRACE_URL: url, MILLRACE_AUTHKEY: authkey };
});

afterAll(async () => {
  await worker.stop();
  await manager.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What a bundle prints in a folder without any packages. */
const printedBy = async (bundle: string): Promise<string> => {
  const moved = join(elsewhere, bundle);
  writeFileSync(moved, readFileSync(join(project, 'out', bundle)));
  return (await run(process.execPath, [moved], elsewhere, env)).trim();
};

const requireFrom = (specifier: string): NodeJS.Require =>
  createRequire(createRequire(import.meta.url).resolve(specifier));

interface EsbuildModule {
  readonly build: (options: object) => Promise<unknown>;
}

interface ViteModule {
  readonly build: (options: object) => Promise<unknown>;
}

describe('a producer runs from one file after', () => {
  const esbuild = async (entry: string, bundle: string, options: object): Promise<string> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the build of esbuild, which tsx brings along
    const { build } = requireFrom('tsx')('esbuild') as EsbuildModule;
    const outfile = join(project, 'out', bundle);
    const base = { entryPoints: [join(project, entry)], bundle: true, platform: 'node' };
    await build({ ...base, outfile, logLevel: 'silent', ...options });
    return printedBy(bundle);
  };

  test.each(['light.mjs', 'entry.mjs'])(
    'esbuild of %s to CommonJS and to ES modules',
    async (entry) => {
      for (const minify of [false, true]) {
        expect(await esbuild(entry, 'esbuild.cjs', { format: 'cjs', minify })).toBe('doubled 42');
        expect(await esbuild(entry, 'esbuild.mjs', { format: 'esm', minify })).toBe('doubled 42');
      }
    },
  );

  test.each(['light.mjs', 'entry.mjs'])('Vite of %s for a server', async (entry) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the build of Vite, which vitest brings along
    const { build } = (await import(
      requireFrom('vitest')
        .resolve('vite')
        .replace(/index\.cjs$/, 'dist/node/index.js')
    )) as ViteModule;
    await build({
      root: project,
      logLevel: 'silent',
      configFile: false,
      ssr: { noExternal: true },
      build: {
        ssr: join(project, entry),
        outDir: join(project, 'out'),
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: 'vite.mjs' } },
      },
    });
    expect(await printedBy('vite.mjs')).toBe('doubled 42');
  });

  test.each([
    ['esm', 'rolldown.mjs'],
    ['cjs', 'rolldown.cjs'],
  ] as const)('rolldown to %s', async (format, bundle) => {
    const { rolldown } = await import('rolldown');
    const build = await rolldown({ input: join(project, 'light.mjs'), platform: 'node' });
    await build.write({ file: join(project, 'out', bundle), format });
    await build.close();
    expect(await printedBy(bundle)).toBe('doubled 42');
  });
});

/** A script for the inspector names a module that only Node itself can import. */
const isOfNode = (name: string): boolean => isBuiltin(name) || name.startsWith('internal/');

/** The modules that a module reaches, and the packages and modules of Node that it imports. */
const reachOf = (entry: string): { readonly files: string[]; readonly others: string[] } => {
  const files = new Set<string>();
  const others = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) {
      return;
    }
    files.add(path);
    const text = readFileSync(path, 'utf8').replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
    for (const [, specifier = ''] of text.matchAll(
      /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"\n]+)['"]/g,
    )) {
      if (specifier.startsWith('.')) {
        visit(join(dirname(path), specifier));
      } else {
        others.add(specifier);
      }
    }
  };
  visit(entry);
  return { files: [...files], others: [...others] };
};

describe('the packed packages', () => {
  const dist = join(project, 'node_modules/millrace/dist');
  const roomsOf = (files: readonly string[]): string[] =>
    [...new Set(files.map((file) => file.slice(dist.length + 1).replace(/\/.*/, '/')))].toSorted();
  const packagesOf = (others: readonly string[]): string[] =>
    [
      ...new Set(others.filter((name) => !isOfNode(name)).map((name) => name.split('/')[0] ?? '')),
    ].toSorted();

  test('have entries for producers and for workers that meet in the protocol only', () => {
    const client = reachOf(join(dist, 'client.js'));
    const workers = reachOf(join(dist, 'worker.js'));
    expect(roomsOf(client.files)).toEqual(['client.js', 'client/', 'protocol/']);
    expect(packagesOf(client.others)).toEqual(['croner', 'msgpackr', 'nanoid', 'ws']);
    expect(roomsOf(workers.files)).toEqual(['protocol/', 'worker.js', 'worker/']);
    expect(packagesOf(workers.others)).toEqual(['croner', 'msgpackr', 'nanoid', 'tsx', 'ws']);
    const whole = reachOf(join(dist, 'index.js'));
    for (const file of [...client.files, ...workers.files]) {
      expect(existsSync(file)).toBe(true);
    }
    expect(roomsOf(whole.files)).toContain('manager/');
  });

  test.each(['client.js', 'client.cjs'])(
    'have a client that needs nothing beside Node: %s',
    (file) => {
      const home = join(project, 'node_modules/@millrace/client');
      const manifest: unknown = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
      expect(manifest).not.toHaveProperty('dependencies');
      expect(reachOf(join(home, file)).others.filter((name) => !isBuiltin(name))).toEqual([]);
      const text = readFileSync(join(home, file), 'utf8');
      expect(text).not.toMatch(/import\.meta|createRequire|\.node['"]/);
      for (const name of ['ws', 'msgpackr', 'nanoid']) {
        expect(readFileSync(join(home, 'LICENSES.md'), 'utf8')).toContain(`# ${name}\n`);
      }
    },
  );

  test('are one for import and require in Node', async () => {
    const lines = [
      `const one = require('@millrace/client');`,
      `import('@millrace/client').then((two) => {`,
      `  console.log(one.MillraceError === two.MillraceError, Object.keys(one).sort().join());`,
      `});`,
    ];
    writeFileSync(join(project, 'both.cjs'), lines.join('\n'));
    expect(await run(process.execPath, ['both.cjs'], project)).toBe(
      'true Client,MillraceError,QueueEmpty,QueueFull,QueueHandle,RetryAfter,Snooze,TaskFailed,TaskHandle,Unrecoverable,connect,defineTask\n',
    );
  });

  test('have documents whose links lead to what is packed', () => {
    const home = join(project, 'node_modules/millrace');
    const documents = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.md'),
    );
    expect(documents).toContain('README.md');
    const dead = documents.flatMap((name) =>
      [...readFileSync(join(home, name), 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(home, dirname(name), target)))
        .map((target) => `${name}: ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test('have no top-level await in what a producer requires', () => {
    for (const file of reachOf(join(dist, 'client.js')).files) {
      expect(readFileSync(file, 'utf8')).not.toMatch(/^(?:const .*= )?await /m);
    }
  });
});

test('errors of a bundle and of the whole package are instances of one another', async () => {
  const bundle = join(project, 'node_modules/@millrace/client/client.js');
  const light: { readonly MillraceError: typeof Error } = await import(bundle);
  const { MILLRACE_URL: url = '' } = env;
  const client = await connect({ url, authkey });
  const error: unknown = await client
    .queue('tasks')
    .get({ timeoutMs: 0 })
    .catch((caught: unknown) => caught);
  expect(error instanceof light.MillraceError).toBe(true);
  await client.close();
});
