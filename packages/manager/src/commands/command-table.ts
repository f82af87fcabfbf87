import { type Message, MillraceError, type VerbName } from '@millrace/protocol';
import type { Peer } from '../waiting/peer.ts';
import { awaitOutcome } from './await-outcome.ts';
import { cancel } from './cancel.ts';
import type { Command } from './command.ts';
import { credit } from './credit.ts';
import { declarePool } from './declare-pool.ts';
import { drainWorker } from './drain-worker.ts';
import { drop } from './drop.ts';
import { enqueue } from './enqueue.ts';
import { get } from './get.ts';
import { inspect } from './inspect.ts';
import { listTasks } from './list-tasks.ts';
import { pause } from './pause.ts';
import { purge } from './purge.ts';
import { retry } from './retry.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';
import { size } from './size.ts';
import { status } from './status.ts';
import { withdraw } from './withdraw.ts';

/** Every verb that a peer with a session may send. */
const commands = {
  enqueue,
  withdraw,
  awaitOutcome,
  cancel,
  inspect,
  size,
  status,
  get,
  declarePool,
  credit,
  settle,
  listTasks,
  retry,
  drop,
  pause,
  purge,
  drainWorker,
} as const satisfies { readonly [N in VerbName]?: Command<N> };

type AnyCommand = (
  services: Services,
  peer: Peer,
  messages: readonly Message[],
) => Promise<void> | void;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a run holds only messages of the verb it is looked up by
const byVerb = new Map(Object.entries(commands) as unknown as [string, AnyCommand][]);

/**
 * Runs the messages of a frame, in order, each run of one verb as a batch; reports
 * that nobody waits for take effect at the end of the turn. Resolves when all of them are answered or wait for an event.
 *
 * @throws UNEXPECTED_MESSAGE, STORE_FAILED
 */
export const runCommands = async (
  services: Services,
  peer: Peer,
  messages: readonly Message[],
): Promise<void> => {
  const running: Promise<void>[] = [];
  let start = 0;
  while (start < messages.length) {
    const verb = messages[start]?.verb ?? '';
    let end = start + 1;
    while (messages[end]?.verb === verb) {
      end += 1;
    }
    const command = byVerb.get(verb);
    if (command === undefined) {
      throw new MillraceError('UNEXPECTED_MESSAGE', `${verb} is not a command`);
    }
    const ran = command(services, peer, messages.slice(start, end));
    if (ran !== undefined) {
      running.push(ran);
    }
    start = end;
  }
  await Promise.all(running);
};
