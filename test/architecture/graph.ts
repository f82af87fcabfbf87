import { posix } from 'node:path';
import { importsOf } from './imports.ts';

/** Source texts by path relative to the repository, with forward slashes. */
export type Sources = ReadonlyMap<string, string>;

/** The directory of each workspace package, by the package's name. */
export type Packages = ReadonlyMap<string, string>;

/** One import. `from` is a path; `to` is a path, or the name of a third-party module. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

const packageEntry = (directory: string): string => posix.join(directory, 'src', 'index.ts');

const resolve = (from: string, specifier: string, packages: Packages): string => {
  if (specifier.startsWith('.')) {
    return posix.join(posix.dirname(from), specifier);
  }
  for (const [name, directory] of packages) {
    if (specifier === name) {
      return packageEntry(directory);
    }
    if (specifier.startsWith(`${name}/`)) {
      return posix.join(directory, `${specifier.slice(name.length + 1)}.ts`);
    }
  }
  return specifier;
};

/** All imports of all sources. */
export const arrowsOf = (sources: Sources, packages: Packages): Arrow[] =>
  [...sources].flatMap(([from, text]) =>
    importsOf(text).map((specifier) => ({ from, to: resolve(from, specifier, packages) })),
  );

/**
 * One circle for each import that closes one, as the list of paths along the circle.
 * The first path is repeated at the end.
 */
export const circlesOf = (arrows: readonly Arrow[]): string[][] => {
  const targets = new Map<string, string[]>();
  for (const { from, to } of arrows) {
    targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const circles: string[][] = [];
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      circles.push([...trail.slice(start), file]);
    } else if (!finished.has(file)) {
      for (const target of targets.get(file) ?? []) {
        visit(target, [...trail, file]);
      }
      finished.add(file);
    }
  };
  for (const file of targets.keys()) {
    visit(file, []);
  }
  return circles;
};
