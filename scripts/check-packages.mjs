/** Checks every package as npm would publish it: entry points, types, files. */
import './check-node.mjs';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run-tools.mjs';

const checkPackage = (name) => run('publint', join('packages', name), '--strict', '--pack', 'npm');

const failed = readdirSync(join(root, 'packages')).filter((name) => checkPackage(name) !== 0);
process.exitCode = failed.length === 0 ? 0 : 1;
