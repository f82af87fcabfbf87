import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const stores = join(import.meta.dirname, 'fixtures', 'stores');

/** Unpacks the store of an earlier layout into a new directory. A killed manager had left it. */
export const unpackStore = (name: string, directory: string): void => {
  mkdirSync(directory, { recursive: true });
  for (const file of readdirSync(join(stores, name))) {
    const bytes = gunzipSync(readFileSync(join(stores, name, file)));
    writeFileSync(join(directory, file.replace(/\.gz$/, '')), bytes);
  }
};
