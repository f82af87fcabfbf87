/**
 * Runs the tests of the installed package under each supported version of Node,
 * taken from the npm package `node`. Each version takes a download and some minutes.
 */
import './check-node.mjs';
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { run } from './run-tools.mjs';

const VERSIONS = ['20', '22', '24', '26'];

const directoryOf = (version) => {
  const { stderr, stdout } = spawnSync(
    'npx',
    ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'],
    { encoding: 'utf8' },
  );
  if (stdout.trim() === '') {
    throw new Error(`Node ${version} cannot be fetched: ${stderr}`);
  }
  return dirname(stdout.trim());
};

const failed = VERSIONS.filter((version) => {
  process.env.INSTALLED_NODE_DIRECTORY = directoryOf(version);
  process.env.INSTALLED_NODE_VERSION = version;
  console.log(`\n── Node ${version}: ${process.env.INSTALLED_NODE_DIRECTORY}`);
  return run('vitest', 'run', 'test/installed') !== 0;
});
if (failed.length > 0) {
  console.error(`failed under Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
