/** The one version that all packages share, and the places that repeat it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './run-tools.mjs';

const packages = join(root, 'packages');
const CONSTANT = /^export const VERSION = '([^']*)';$/m;

const manifestVersions = () =>
  readdirSync(packages).map((name) => {
    const path = join(packages, name, 'package.json');
    return [relative(root, path), JSON.parse(readFileSync(path, 'utf8')).version];
  });

/** The path of the one source that declares `VERSION`. */
const constantPath = () => {
  const found = readdirSync(packages, { recursive: true })
    .filter((name) => /^[a-z]+[\\/]src[\\/].*\.ts$/.test(name))
    .map((name) => join(packages, name))
    .filter((path) => CONSTANT.test(readFileSync(path, 'utf8')));
  if (found.length !== 1) {
    throw new Error(
      `exactly one source must declare VERSION, but ${found.length} do: ${found.join(', ')}`,
    );
  }
  return found[0];
};

/** The version of the package that users install. */
export const currentVersion = () =>
  JSON.parse(readFileSync(join(packages, 'millrace', 'package.json'), 'utf8')).version;

/** A sentence for each place whose version differs from that of the package that users install. */
export const versionBreaches = () => {
  const version = currentVersion();
  const path = constantPath();
  const [, constant] = CONSTANT.exec(readFileSync(path, 'utf8'));
  return [...manifestVersions(), [relative(root, path), constant]]
    .filter(([, other]) => other !== version)
    .map(([place, other]) => `${place} has version ${other}; packages/millrace has ${version}`);
};

const replaceIn = (path, before, after) => {
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replaceAll(before, after));
};

/** Writes a new version into the places that changesets does not update. */
export const spreadVersion = (before, after) => {
  replaceIn(constantPath(), `VERSION = '${before}'`, `VERSION = '${after}'`);
  replaceIn(join(root, 'README.md'), `millrace-${before}.tgz`, `millrace-${after}.tgz`);
};
