import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A seeded bug: a change to the sources that breaks one promise. */
export interface Mutant {
  readonly name: string;
  readonly patchPath: string;
  /** The first line of the patch, a sentence that names the broken promise. */
  readonly promise: string;
  /** A test that catches the bug, if the simulation cannot. */
  readonly caughtBy: string | undefined;
}

/** The beginning of the second line of a patch that a test catches. */
const CAUGHT_BY = 'Caught by: ';

const patchesPath = join(import.meta.dirname, 'patches');

const mutantOf = (file: string): Mutant => {
  const patchPath = join(patchesPath, file);
  const [promise = '', second = ''] = readFileSync(patchPath, 'utf8').split('\n', 2);
  const caughtBy = second.startsWith(CAUGHT_BY) ? second.slice(CAUGHT_BY.length) : undefined;
  return { name: file.replace(/\.patch$/, ''), patchPath, promise, caughtBy };
};

/** All mutants, in the order of their numbers. */
export const readMutants = (): Mutant[] =>
  readdirSync(patchesPath)
    .filter((file) => file.endsWith('.patch'))
    .toSorted()
    .map(mutantOf);
