/** Holds a lease and a waiting `get` until it is killed. */
import { connect } from '@millrace/client';

const client = await connect();
const queue = client.queue('default');
await queue.put('an item');
await queue.lease();
queue.get().catch(() => {});
await queue.size();
console.log('waits');
