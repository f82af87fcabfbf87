import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demonstrate } from './demonstration.ts';
import { Fleet } from './fleet.ts';

const INTERRUPTED = 130;

const repository = join(import.meta.dirname, '..', '..', '..');

const stopOnSignal = (fleet: Fleet, directory: string): void => {
  const interrupt = async (): Promise<void> => {
    process.stderr.write('\nstopping\n');
    await fleet.stop();
    await rm(directory, { recursive: true });
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', () => void interrupt());
  process.once('SIGTERM', () => void interrupt());
};

const attempt = async (root: string, directory: string, fleet: Fleet): Promise<boolean> => {
  try {
    return await Promise.race([demonstrate(root, directory, fleet), fleet.failure]);
  } catch (error) {
    console.error(`\nFAILED: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    await fleet.stop();
  }
};

/** `main.js [DIRECTORY]`: digests a directory, by default the repository. */
const main = async (root = repository): Promise<boolean> => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const fleet = new Fleet(directory);
  stopOnSignal(fleet, directory);
  const passed = await attempt(root, directory, fleet);
  if (passed) {
    await rm(directory, { recursive: true });
  } else {
    console.error(`the logs, the journals and the store are kept in ${directory}`);
  }
  return passed;
};

// After a failure a client may still wait for results, which would keep the process alive.
process.exit((await main(process.argv[2])) ? 0 : 1);
