/** `node manager.js [DIRECTORY [QUEUES]]` starts a manager on disk, or in memory without a directory. */
import { Manager } from 'millrace';
import { serveUntilTold } from '../harness/served.ts';
import { queueName } from './tasks.ts';

/** Twice the largest measured backlog, which equals the default limit. */
const MAX_ITEMS = 20_000_000;

const [dataDir = '', queues = '0'] = process.argv.slice(2);
const manager = new Manager({
  port: 0,
  authkey: 'bench',
  ...(dataDir === '' ? {} : { dataDir }),
});
manager.register('default', { maxItems: MAX_ITEMS });
for (let index = 0; index < Number(queues); index++) {
  manager.register(queueName(index));
}
const { url } = await manager.start();
serveUntilTold(url, () => manager.stop());
