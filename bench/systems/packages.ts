/** Looks up the npm packages that the benchmark drives; scripts/prepare-peers.mjs installs the other queues. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerModules } from '../harness/paths.ts';

/** The name and version of an installed package. */
export const versionOf = (modules: string, name: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return `${name} ${hasVersion ? String(manifest.version) : 'of unknown version'}`;
};

export const peerVersion = (name: string): string => versionOf(peerModules, name);

export const missingPackage = (name: string): string | undefined =>
  existsSync(join(peerModules, name))
    ? undefined
    : `the package ${name} is not installed in bench/peers`;
