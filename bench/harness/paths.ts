import { join } from 'node:path';

/** The folder `bench`; this file runs from `bench/dist/harness`. */
export const benchRoot = join(import.meta.dirname, '../..');
const compiled = join(benchRoot, 'dist');

export const compiledFile = (path: string): string => join(compiled, path);
export const benchModules = join(benchRoot, 'node_modules');
export const peerModules = join(benchRoot, 'peers', 'node_modules');
export const peerFile = (name: string): string => join(benchRoot, 'peers', name);
export const resultsDirectory = join(benchRoot, 'results');
