import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A seeded bug: a change to the sources that breaks one promise. */
export interface Mutant {
  readonly name: string;
  readonly patchPath: string;
  /** The sentence that the patch begins with: which promise it breaks. */
  readonly promise: string;
  /** A test that sees it where the simulation cannot. */
  readonly caughtBy: string | undefined;
}

/** The second line of such a patch. */
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
