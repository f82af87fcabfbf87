/** The entry of a process slot; its argument is the URL of the handler module. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { serveSlot } from './serve-slot.ts';
import { shieldFromSignals } from './shield.ts';
import { type FromSlot, isToSlot } from './slot.ts';

/** Kills this process group, whose result a worker that is gone can no longer use. */
const endWithParent = (): void => {
  process.kill(-process.pid, 'SIGKILL');
};

const answer = (message: FromSlot): void => {
  process.send?.(message, undefined, undefined, (error) => {
    if (error !== null) {
      endWithParent();
    }
  });
};

// The slot shares stdout and stderr with its worker, whose reader may be gone: what the
// handler prints is then dropped, and no attempt fails.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.on('disconnect', endWithParent);
shieldFromSignals();
const guard = new Worker(new URL('./guard-slot.js', import.meta.url));
// Its start needs the event loop of this thread, so no handler may run before.
await once(guard, 'message');
guard.unref();

const receive = await serveSlot(process.argv[2] ?? '', answer);
process.on('message', (message: unknown) => {
  if (isToSlot(message)) {
    receive?.(message);
  }
});
