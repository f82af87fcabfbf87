/** beanstalkd with its log. */
import { peerFile } from '../harness/paths.ts';
import { endOf } from './node-process.ts';
import {
  accepts,
  findProgram,
  freePort,
  missingProgram,
  outputOf,
  startProgram,
} from './program.ts';
import type { System } from './system.ts';

const beanstalkd = findProgram('beanstalkd');

// -b and -f: https://github.com/beanstalkd/beanstalkd/blob/master/doc/beanstalkd.ronn
const beanstalkdEvery = (
  name: string,
  title: string,
  syncMs: number,
  durability: string,
): System => ({
  name,
  title,
  durability,
  abilities: ['enqueueMany', 'backlog'],
  missing: () => missingProgram('beanstalkd', 'beanstalkd', beanstalkd),
  version: () => outputOf(beanstalkd ?? '', '-v'),
  startServer: async (directory) => {
    const port = await freePort();
    return startProgram({
      program: beanstalkd ?? '',
      args: ['-l', '127.0.0.1', '-p', String(port), '-b', directory, '-f', String(syncMs)],
      address: String(port),
      answers: accepts(port),
      // beanstalkd logs each connection that closes while a `reserve` waits.
      options: { stdio: 'ignore' },
    });
  },
  end: (role) => endOf([process.execPath], role, peerFile('beanstalkd.mjs')),
});

export const beanstalkd50 = beanstalkdEvery(
  'beanstalkd',
  'beanstalkd, log every 50 ms',
  50,
  'written before the answer, flushed every 50 ms: up to 50 ms are lost with the machine',
);

export const beanstalkdAlways = beanstalkdEvery(
  'beanstalkd-always',
  'beanstalkd, log always',
  0,
  'flushed before the answer',
);
