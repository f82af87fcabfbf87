/**
 * `getter.mjs FILE QUEUE` takes items until it is killed. It writes each item to the file
 * and syncs it in the turn in which `await get()` resumes; then it tells the parent.
 */
import { fsyncSync, openSync, writeSync } from 'node:fs';
import { connect } from '@millrace/client';

const [path, name] = process.argv.slice(2);
const file = openSync(path, 'a');
const client = await connect();
const queue = client.queue(name);

const take = async () => {
  for (;;) {
    const item = await queue.get();
    writeSync(file, `${String(item)} ${process.hrtime.bigint() / 1_000n}\n`);
    fsyncSync(file);
    process.send('took');
  }
};

process.once('message', () => void take());
process.send('ready');
