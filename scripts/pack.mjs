/**
 * Packs the one package that users install: `millrace` with its siblings inside, so
 * an installation fetches only third-party packages from the registry. Prints the
 * path of the tarball. Needs the output of `npm run build`.
 */
import './check-node.mjs';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
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

const isThirdParty = ([name]) => !name.startsWith(SCOPE);

const writeManifest = (stage) => {
  const { private: _private, ...own } = manifestOf('millrace');
  const dependencies = [...siblings, 'millrace'].flatMap((name) =>
    Object.entries(manifestOf(name).dependencies ?? {}).filter(isThirdParty),
  );
  const sorted = dependencies.toSorted(([a], [b]) => a.localeCompare(b));
  const files = [...own.files, 'CHANGELOG.md', 'docs', 'deploy'];
  const manifest = { ...own, files, dependencies: Object.fromEntries(sorted) };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
};

/** Collects the contents of the package in an empty directory. */
const assemble = (stage) => {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  copyCompiled('millrace', 'dist', stage);
  for (const name of siblings) {
    copyCompiled(name, `dist/${name}`, stage);
  }
  cpSync(join(root, 'packages', 'millrace', 'bin'), join(stage, 'bin'), { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'deploy']) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  writeManifest(stage);
};

/**
 * Packs into a directory.
 *
 * @returns the path of the tarball
 */
export const pack = (directory) => {
  const stage = join(directory, 'package');
  assemble(stage);
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--json', '--pack-destination', directory],
    { cwd: stage, encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new Error(`npm pack failed: ${stderr}`);
  }
  const [{ filename }] = JSON.parse(stdout);
  return join(directory, filename);
};

if (process.argv[1] === import.meta.filename) {
  const [directory = join(root, 'release')] = process.argv.slice(2);
  console.log(relative(process.cwd(), pack(directory)));
}
