/** Checks the package as npm would publish it: versions, entry points, files and types. */
import './check-node.mjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, packClient } from './pack.mjs';
import { run } from './run-tools.mjs';
import { versionBreaches } from './versions.mjs';

const directory = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
try {
  const tarball = await pack(directory);
  const client = await packClient(directory);
  const codes = [
    run('publint', tarball, '--strict'),
    run('attw', tarball, '--profile', 'esm-only'),
    run('publint', client, '--strict'),
    run('attw', client),
  ];
  const breaches = versionBreaches();
  for (const breach of breaches) {
    console.error(breach);
  }
  const hasFailed = breaches.length > 0 || codes.some((code) => code !== 0);
  process.exitCode = hasFailed ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
