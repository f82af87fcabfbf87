/** A manager on LMDB, or in memory when no directory is named. */
import { Manager } from 'millrace';
import { serveUntilTold } from '../harness/served.ts';

const dataDir = process.argv[2] ?? '';
const manager = new Manager({
  port: 0,
  authkey: 'bench',
  ...(dataDir === '' ? {} : { dataDir }),
});
manager.register('default');
const { url } = await manager.start();
serveUntilTold(url, () => manager.stop());
