/** `node end.js producer|worker ADAPTER ADDRESS` runs one end of a system in its own process. */
import type { Adapter } from './adapter.ts';
import { producerOrders } from './producer-orders.ts';
import { takeOrders } from './served.ts';
import { workerOrders } from './worker-orders.ts';

const [role, file = '', address = ''] = process.argv.slice(2);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the adapters are files of this benchmark
const adapter = (await import(file)) as Adapter;

if (role === 'producer') {
  const producer = await adapter.producer(address);
  takeOrders(producerOrders(producer), () => producer.close());
} else {
  const { close, orders } = workerOrders(adapter, address);
  takeOrders(orders, close);
}
