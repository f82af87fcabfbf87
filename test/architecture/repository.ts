import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Packages, Sources } from './graph.ts';

const root = join(import.meta.dirname, '..', '..');
const areas = ['packages', 'examples', 'bench', 'test'];
const skipped = new Set(['node_modules', 'dist']);

const filesUnder = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      return skipped.has(entry.name) ? [] : filesUnder(path);
    }
    return entry.isFile() ? [path] : [];
  });

const nameIn = (manifest: string): string => {
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const hasName = typeof parsed === 'object' && parsed !== null && 'name' in parsed;
  return hasName ? String(parsed.name) : '';
};

const fromRoot = (path: string): string => relative(root, path).replaceAll('\\', '/');

/** The sources and packages of this repository. */
export const readRepository = (): { sources: Sources; packages: Packages } => {
  const files = areas.flatMap((area) => filesUnder(join(root, area)));
  const sources = files.filter((path) => path.endsWith('.ts'));
  const manifests = files.filter((path) => path.endsWith('package.json'));
  return {
    sources: new Map(sources.map((path) => [fromRoot(path), readFileSync(path, 'utf8')])),
    packages: new Map(manifests.map((path) => [nameIn(path), fromRoot(join(path, '..'))])),
  };
};
