import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { stages } from '../support/stage.ts';

const openStage = stages();
const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const handlers = fileURLToPath(new URL('../support/fixtures/modules/hoarding.ts', import.meta.url));
const limited = 'ulimit -n 150; exec "$0" "$1" worker "$2"';

test.each(['process', 'thread'])(
  'a worker without a free descriptor outlives the end of a %s slot, and replaces it later',
  async (runner) => {
    const stage = await openStage();
    await stage.manager();
    const command = ['bash', '-c', limited, process.execPath, millraceBin, handlers];
    const worker = stage.program('worker', command);
    await worker.line(/connected to ws/);
    const client = await stage.connect();
    const task = defineTask<string, string>(runner, { attempts: 1 });
    const share = defineTask<null, number>('share');
    const pid = await client.run(share, null);
    expect(await client.run(defineTask<null, string>('hoard'), null)).toMatch(/^EMFILE/);
    await expect(client.run(task, 'exit')).rejects.toMatchObject({
      remote: { name: 'RUNNER_DIED', message: expect.stringContaining('exit code 3') },
    });
    expect(await client.run(share, null)).toBe(pid);
    // A run that waits at the last failed start fails with it. A later run gets the new slot.
    const after = defineTask<string, string>(runner, { attempts: 5 });
    expect(await client.run(after, 'went on')).toBe('went on');
    expect(worker.output).not.toMatch(/INTERNAL|UNCAUGHT/);
  },
);
