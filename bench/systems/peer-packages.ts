/** The npm packages of the other queues; scripts/prepare-peers.mjs installs them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerFile } from '../harness/paths.ts';

const modules = peerFile('node_modules');

export const peerVersion = (name: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return `${name} ${hasVersion ? String(manifest.version) : 'of unknown version'}`;
};

export const missingPackage = (name: string): string | undefined =>
  existsSync(join(modules, name))
    ? undefined
    : `the package ${name} is not installed in bench/peers`;
