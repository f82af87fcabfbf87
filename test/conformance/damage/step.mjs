/**
 * Does one thing to a store, and dies at the n-th call that changes a file. Tells the
 * number of calls if it was not killed.
 */
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [what, directory, dies, other] = process.argv.slice(2);
const diesAt = Number(dies);
let calls = 0;

const count = () => {
  calls += 1;
  if (calls === diesAt) {
    process.kill(process.pid, 'SIGKILL');
  }
};

const counted =
  (call) =>
  (...args) => {
    count();
    return call(...args);
  };

const changing = ['fsync', 'rename', 'rm', 'mkdir', 'writeFile', 'write', 'copyFile', 'ftruncate'];
for (const name of changing.map((call) => `${call}Sync`)) {
  fs[name] = counted(fs[name]);
}
const { open } = promises;
promises.open = async (...args) => {
  count();
  const file = await open(...args);
  for (const name of ['write', 'truncate', 'sync', 'datasync']) {
    file[name] = counted(file[name].bind(file));
  }
  return file;
};
syncBuiltinESMExports();

// Imported behind the patch.
const { steps } = await import('./steps.mjs');
await steps[what](directory, other);
console.log(calls);
