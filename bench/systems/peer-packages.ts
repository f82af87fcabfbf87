/** The npm packages of the other queues, which the benchmark alone installs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { peerFile } from '../harness/paths.ts';

const peers = peerFile('');
const modules = join(peers, 'node_modules');

export const peerVersion = (name: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return `${name} ${hasVersion ? String(manifest.version) : 'of unknown version'}`;
};

export const missingPackage = (name: string): string | undefined =>
  existsSync(join(modules, name)) ? undefined : `no package ${name} here: npm ci in bench/peers`;

/** npm writes its copy of the lockfile last. */
const isInstalled = (): boolean => {
  const copy = join(modules, '.package-lock.json');
  const lockfile = join(peers, 'package-lock.json');
  return existsSync(copy) && statSync(copy).mtimeMs >= statSync(lockfile).mtimeMs;
};

/** Brings the packages in, unless they are there already. A failure shows in the table. */
export const installPeers = (): void => {
  if (!isInstalled()) {
    console.error('bench: installing the other queues (once)');
    spawnSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], {
      cwd: peers,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
};
