/** Checks the package as npm would publish it: entry points, files, types. */
import './check-node.mjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from './pack.mjs';
import { run } from './run-tools.mjs';

const directory = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
try {
  const tarball = pack(directory);
  const codes = [
    run('publint', tarball, '--strict'),
    run('attw', tarball, '--profile', 'esm-only'),
  ];
  process.exitCode = codes.some((code) => code !== 0) ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
