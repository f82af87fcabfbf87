import { codeOf, defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import type { ManagerChild, Stage } from '../../support/stage.ts';
import { stages } from '../../support/stage.ts';
import { pathsOf, type StorePart } from './store-files.ts';
import { attach, oneCommitter, straceMissing } from './strace.ts';

const openStage = stages();

const QUEUE = 'work';
const work = defineTask<number, number>('work', { queue: QUEUE });
/** A manager ends at the call that fails; only a hang takes this long. */
const END_MAX_MS = 90_000;
/** More enqueues than are needed to reach the failing call; a checkpoint comes only after many. */
const ENQUEUES = 1_000;

if (straceMissing !== undefined) {
  console.log(`disk errors: skipped: ${straceMissing}`);
}

/** Enqueues one by one until the manager has ended. @returns the ids that were acknowledged */
const enqueueUntilEnd = async (stage: Stage, manager: ManagerChild): Promise<string[]> => {
  const acknowledged: string[] = [];
  const client = await stage.connect();
  const enqueue = async (): Promise<void> => {
    for (let n = 0; n < ENQUEUES && manager.isRunning; n++) {
      const handle = await client.enqueue(work, n);
      acknowledged.push(handle.id);
    }
  };
  const unanswered = enqueue().catch((error: unknown) => {
    expect(['STORE_FAILED', 'CLIENT_CLOSED']).toContain(codeOf(error));
  });
  await manager.exited;
  await client.close();
  await unanswered;
  return acknowledged;
};

const stillThere = async (stage: Stage, taskIds: readonly string[]): Promise<string[]> => {
  const client = await stage.connect();
  const infos = await Promise.all(taskIds.map((taskId) => client.task(taskId).inspect()));
  return infos.map(({ state }) => state);
};

/** The texts of LMDB and Node for an error. */
const says = {
  EIO: /input\/output error|i\/o error/i,
  ENOSPC: /no space left on device/i,
  EROFS: /read-only file system/i,
} as const;

interface Failing {
  readonly part: StorePart;
  readonly syscall: string;
  readonly error: keyof typeof says;
  readonly n: number;
}

const failing: readonly Failing[] = [
  { part: 'log', syscall: 'pwrite64', error: 'EIO', n: 1 },
  { part: 'log', syscall: 'pwrite64', error: 'EIO', n: 7 },
  { part: 'log', syscall: 'pwrite64', error: 'ENOSPC', n: 2 },
  { part: 'log', syscall: 'pwrite64', error: 'EROFS', n: 2 },
  { part: 'tree', syscall: 'fdatasync', error: 'EIO', n: 1 },
  { part: 'tree', syscall: 'fdatasync', error: 'EIO', n: 5 },
  { part: 'tree', syscall: 'pwrite64', error: 'EIO', n: 1 },
  { part: 'tree', syscall: 'pwrite64', error: 'EIO', n: 4 },
  { part: 'tree', syscall: 'writev', error: 'EIO', n: 3 },
  { part: 'tree', syscall: 'pwrite64', error: 'ENOSPC', n: 2 },
  { part: 'tree', syscall: 'writev', error: 'ENOSPC', n: 2 },
  { part: 'tree', syscall: 'fdatasync', error: 'ENOSPC', n: 3 },
];

test.skipIf(straceMissing !== undefined).for(failing)(
  'a manager whose $syscall $n on the $part fails with $error reports it, ends with 4, and keeps everything that it acknowledged',
  async ({ error, n, part, syscall }) => {
    const stage = await openStage();
    const options = { args: ['--queue', QUEUE], env: oneCommitter };
    const manager = await stage.manager(options);
    // Only that call fails. Later calls would succeed, but the manager must not make them.
    const paths = pathsOf(stage, part);
    const injection = { syscall, effect: `error=${error}`, when: String(n), paths };
    const tracer = await attach(stage, manager.pid, injection);
    const hang = setTimeout(() => manager.signal('SIGKILL'), END_MAX_MS);
    const acknowledged = await enqueueUntilEnd(stage, manager);
    clearTimeout(hang);
    await tracer.exited;

    expect(await manager.closed).toEqual({ code: 4, signal: null });
    expect(manager.stderr.at(-1)).toMatch(/^millrace: STORE_FAILED: the store failed: /);
    expect(manager.stderr.at(-1)).toMatch(says[error]);
    expect(manager.output).not.toMatch(/unhandled/i);
    expect(acknowledged.length).toBeLessThan(ENQUEUES);

    await stage.manager(options);
    const states = await stillThere(stage, acknowledged);
    expect(states).toEqual(acknowledged.map(() => 'ready'));
  },
);
