/**
 * Makes a release: turns the waiting changesets into a version, compiles, packs the
 * tarball into release/, and prints its size and hash. It publishes only with
 * `--publish`, and then only when everything is committed. See .changeset/README.md.
 */
import './check-node.mjs';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pack, packClient } from './pack.mjs';
import { root, run } from './run-tools.mjs';
import { versionPackages, waitingChangesets } from './version-packages.mjs';
import { currentVersion, versionBreaches } from './versions.mjs';

const refuse = (...lines) => {
  for (const line of lines) {
    console.error(line);
  }
  process.exit(1);
};

const uncommittedFiles = () => {
  const { status, stdout, stderr } = spawnSync('git', ['status', '--porcelain'], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trimEnd() : refuse(`git status failed: ${stderr}`);
};

/** The registry accepts a version only once, so the tarball must match a commit. */
const requireCommitted = async () => {
  const waiting = await waitingChangesets();
  if (waiting > 0) {
    refuse(
      `Changesets wait for a version (${waiting}): run \`npm run release\` without --publish, and commit its changes.`,
    );
  }
  const uncommitted = uncommittedFiles();
  if (uncommitted !== '') {
    refuse('These files are not committed, so nothing was published:', uncommitted);
  }
};

/** Compiles into empty folders, because pack.mjs ships every file in them, even those of deleted sources. */
const compileAnew = () => {
  const packages = join(root, 'packages');
  for (const name of readdirSync(packages)) {
    for (const output of ['dist', 'tsconfig.tsbuildinfo']) {
      rmSync(join(packages, name, output), { recursive: true, force: true });
    }
  }
  if (run('tsc', '-b') !== 0) {
    refuse('The compiler found errors, so nothing was packed.');
  }
};

const describe = (tarball) => {
  const bytes = readFileSync(tarball);
  const integrity = createHash('sha512').update(bytes).digest('base64');
  const kib = Math.round(bytes.length / 1024);
  console.log(`${currentVersion()}: ${relative(root, tarball)}, ${kib} KiB`);
  console.log(`sha512-${integrity}`);
};

const publish = (tarball) => {
  const { status } = spawnSync('npm', ['publish', tarball, '--access', 'public'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    refuse('npm did not publish the tarball.');
  }
  console.log(`published ${relative(root, tarball)}`);
};

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || ![undefined, '--publish'].includes(option)) {
  refuse('usage: npm run release [-- --publish]');
}
const isPublishing = option === '--publish';
if (isPublishing) {
  await requireCommitted();
} else {
  await versionPackages();
}
const breaches = versionBreaches();
if (breaches.length > 0) {
  refuse(...breaches);
}
compileAnew();
const directory = join(root, 'release');
const tarballs = [await pack(directory), await packClient(directory)];
for (const tarball of tarballs) {
  describe(tarball);
}
if (isPublishing) {
  for (const tarball of tarballs) {
    publish(tarball);
  }
} else {
  console.log(
    'Nothing was published. Commit the version, tag it, then `npm run release -- --publish`.',
  );
}
