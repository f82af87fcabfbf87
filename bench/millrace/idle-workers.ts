/**
 * `node idle-workers.js COUNT ADDRESS` connects workers that announce credit and get
 * no tasks, because nobody enqueues theirs. They are bare sessions without a heartbeat
 * thread: 1,000 threads would disturb the measurement.
 */
import { randomBytes } from 'node:crypto';
import { DEFAULT_KEY_ID, dialWebSocket, Link, systemClock } from '@millrace/protocol';
import { serveUntilTold } from '../harness/served.ts';

const [count = '', url = ''] = process.argv.slice(2);

const start = async (index: number): Promise<Link> => {
  const link: Link = new Link(
    {
      url,
      key: { keyId: DEFAULT_KEY_ID, secret: Buffer.from('bench') },
      role: 'worker',
      peer: { name: `idle-${index}`, host: 'bench', pid: process.pid },
      clock: systemClock,
      randomBytes,
      dial: dialWebSocket,
    },
    {
      message: () => {},
      unsettledTokens: () => [],
      up: () => {
        link.send({
          verb: 'declarePool',
          pool: 0,
          handles: [{ queue: 'default', name: 'nobody-enqueues-this' }],
          isolates: undefined,
        });
        link.send({ verb: 'credit', pool: 0, given: 10, received: 0 });
      },
      down: () => {},
      ended: () => {},
    },
  );
  await link.start(true);
  return link;
};

const links: Link[] = [];
for (let index = 0; index < Number(count); index++) {
  links.push(await start(index));
}
serveUntilTold('ready', async () => {
  await Promise.all(links.map((link) => link.close('the measurement is over')));
});
