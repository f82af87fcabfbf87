/**
 * Packs the packages that users install: `millrace` with its siblings inside, so an
 * installation fetches only third-party packages from the registry, and with `--client`
 * `@millrace/client` for programs that only enqueue, which has no dependencies. Prints the
 * path of the tarball. Needs the output of `npm run build`.
 */
import './check-node.mjs';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { bundleClient } from './bundle-client.mjs';
import { root } from './run-tools.mjs';

const SCOPE = '@millrace/';
const siblings = ['protocol', 'client', 'worker', 'manager'];
const SHIPPED = /\.(?:js|d\.ts)$/;
const FOR_TESTS = /(?:^|\/)testing(?:\/|$)/;

const manifestOf = (name) =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));

const filesUnder = (directory) =>
  readdirSync(directory, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => SHIPPED.test(name) && !FOR_TESTS.test(name))
    .filter((name) => statSync(join(directory, name)).isFile());

/** The path of a sibling's entry in the package, relative to one of the package's files. */
const relativeEntry = (file, sibling) => {
  const path = posix.relative(posix.dirname(file), `dist/${sibling}/index.js`);
  return path.startsWith('.') ? path : `./${path}`;
};

const adapt = (text, file) =>
  text
    .replaceAll(/(['"])@millrace\/([a-z]+)\1/g, (_, quote, sibling) => {
      if (!siblings.includes(sibling)) {
        throw new Error(`${file} names ${SCOPE}${sibling}, which is not packed`);
      }
      return `${quote}${relativeEntry(file, sibling)}${quote}`;
    })
    // The compiler does not rewrite the extensions in declarations.
    .replaceAll(/(['"]\.{1,2}\/[^'"\n]+)\.ts(?=['"])/g, '$1.js')
    // The type is generic only since TypeScript 5.7.
    .replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array')
    // The maps refer to sources, which are not packed.
    .replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');

const copyCompiled = (name, to, stage) => {
  const from = join(root, 'packages', name, 'dist');
  for (const file of filesUnder(from)) {
    const target = posix.join(to, file);
    mkdirSync(dirname(join(stage, target)), { recursive: true });
    writeFileSync(join(stage, target), adapt(readFileSync(join(from, file), 'utf8'), target));
  }
};

/** Links of the packed documents to files that are not packed become plain text. */
const cutDeadLinks = (stage) => {
  const documents = readdirSync(stage, { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(stage, name));
  for (const path of documents) {
    const text = readFileSync(path, 'utf8');
    const mended = text.replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (link, words, target) => {
      const [file] = target.split('#');
      const isOutside = /^[a-z]+:/.test(target) || file === '';
      return isOutside || existsSync(join(dirname(path), file)) ? link : words;
    });
    writeFileSync(path, mended);
  }
};

const isThirdParty = ([name]) => !name.startsWith(SCOPE);

const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/**
 * The entries of a client: for Node the plain modules, which `import` and `require` share;
 * for bundlers and Jest the bundles in `bundles`.
 */
const clientEntry = (plain, bundles) => ({
  'module-sync': { types: `${plain}.d.ts`, default: `${plain}.js` },
  import: { types: `${plain}.d.ts`, default: `${bundles}.js` },
  require: { types: `${bundles}.d.cts`, default: `${bundles}.cjs` },
});

const writeManifest = (stage) => {
  const { private: _private, ...own } = manifestOf('millrace');
  const exports = {
    ...own.exports,
    './client': clientEntry('./dist/client', './dist/bundle/client'),
  };
  const dependencies = [...siblings, 'millrace'].flatMap((name) =>
    Object.entries(manifestOf(name).dependencies ?? {}).filter(isThirdParty),
  );
  const sorted = dependencies.toSorted(([a], [b]) => a.localeCompare(b));
  const files = [...own.files, 'CHANGELOG.md', 'docs', 'deploy'];
  const manifest = { ...own, exports, files, dependencies: Object.fromEntries(sorted) };
  writeJson(join(stage, 'package.json'), manifest);
};

/** Collects the contents of the package in an empty directory. */
const assemble = async (stage) => {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  copyCompiled('millrace', 'dist', stage);
  for (const name of siblings) {
    copyCompiled(name, `dist/${name}`, stage);
  }
  await bundleClient(join(stage, 'dist', 'bundle'));
  cpSync(join(root, 'packages', 'millrace', 'bin'), join(stage, 'bin'), { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'deploy']) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  cutDeadLinks(stage);
  writeManifest(stage);
};

/** Collects the contents of `@millrace/client` in an empty directory. */
const assembleClient = async (stage) => {
  rmSync(stage, { recursive: true, force: true });
  await bundleClient(stage);
  const { description, engines, license, name, version } = manifestOf('client');
  for (const [file, home] of [
    ['LICENSE', root],
    ['USERS.md', join(root, 'packages', 'client')],
  ]) {
    cpSync(join(home, file), join(stage, file === 'USERS.md' ? 'README.md' : file));
  }
  writeJson(join(stage, 'package.json'), {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    main: './client.cjs',
    types: './client.d.cts',
    exports: { '.': clientEntry('./client', './client'), './package.json': './package.json' },
    files: ['client.js', 'client.cjs', 'client.d.ts', 'client.d.cts', 'LICENSES.md'],
  });
};

const npmPack = (stage, directory) => {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--json', '--pack-destination', directory],
    { cwd: stage, encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new Error(`npm pack failed: ${stderr}`);
  }
  const [{ filename }] = JSON.parse(stdout);
  return join(directory, filename.replace('@', '').replace('/', '-'));
};

/**
 * Packs `millrace` into a directory.
 *
 * @returns the path of the tarball
 */
export const pack = async (directory) => {
  const stage = join(directory, 'package');
  await assemble(stage);
  return npmPack(stage, directory);
};

/**
 * Packs `@millrace/client` into a directory.
 *
 * @returns the path of the tarball
 */
export const packClient = async (directory) => {
  const stage = join(directory, 'client-package');
  await assembleClient(stage);
  return npmPack(stage, directory);
};

if (process.argv[1] === import.meta.filename) {
  const isClient = process.argv.includes('--client');
  const [directory = join(root, 'release')] = process.argv
    .slice(2)
    .filter((argument) => argument !== '--client');
  const tarball = await (isClient ? packClient : pack)(directory);
  console.log(relative(process.cwd(), tarball));
}
