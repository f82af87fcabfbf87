import { type Message, MillraceError, type VerbName } from '@millrace/protocol';
import { verbs } from '../engine/core/verbs/table.ts';
import type { Right } from '../engine/core/verbs/verb.ts';
import type { Peer } from '../waiting/peer.ts';
import { awaitOutcome } from './await-outcome.ts';
import { cancel } from './cancel.ts';
import type { Command } from './command.ts';
import { credit } from './credit.ts';
import { deadGroups } from './dead-groups.ts';
import { declarePool } from './declare-pool.ts';
import { drainWorker } from './drain-worker.ts';
import { drop } from './drop.ts';
import { enqueue } from './enqueue.ts';
import { get } from './get.ts';
import { inspect } from './inspect.ts';
import { join } from './join.ts';
import { listSchedules } from './list-schedules.ts';
import { listTasks } from './list-tasks.ts';
import { pause } from './pause.ts';
import { pauseSchedule } from './pause-schedule.ts';
import { prioritize } from './prioritize.ts';
import { purge } from './purge.ts';
import { removeSchedule } from './remove-schedule.ts';
import { retry } from './retry.ts';
import { runSchedule } from './run-schedule.ts';
import { schedule } from './schedule.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';
import { showSchedule } from './show-schedule.ts';
import { size } from './size.ts';
import { status } from './status.ts';
import { withdraw } from './withdraw.ts';

/** Every verb that a peer with a session may send, with the right that it needs. No right is enforced yet. */
export const commands = {
  enqueue: { right: verbs.enqueue.right, run: enqueue },
  withdraw: { right: 'session', run: withdraw },
  awaitOutcome: { right: 'produce', run: awaitOutcome },
  cancel: { right: verbs.cancel.right, run: cancel },
  prioritize: { right: verbs.prioritize.right, run: prioritize },
  inspect: { right: verbs.inspect.right, run: inspect },
  size: { right: verbs.size.right, run: size },
  status: { right: 'read', run: status },
  get: { right: 'consume', run: get },
  join: { right: verbs.size.right, run: join },
  declarePool: { right: 'consume', run: declarePool },
  credit: { right: 'session', run: credit },
  settle: { right: verbs.settle.right, run: settle },
  listTasks: { right: verbs.listTasks.right, run: listTasks },
  deadGroups: { right: verbs.deadGroups.right, run: deadGroups },
  retry: { right: verbs.retry.right, run: retry },
  drop: { right: verbs.drop.right, run: drop },
  pause: { right: verbs.pause.right, run: pause },
  purge: { right: verbs.purge.right, run: purge },
  drainWorker: { right: 'operate', run: drainWorker },
  schedule: { right: verbs.schedule.right, run: schedule },
  listSchedules: { right: verbs.listSchedules.right, run: listSchedules },
  showSchedule: { right: verbs.showSchedule.right, run: showSchedule },
  pauseSchedule: { right: verbs.pauseSchedule.right, run: pauseSchedule },
  runSchedule: { right: verbs.runSchedule.right, run: runSchedule },
  removeSchedule: { right: verbs.removeSchedule.right, run: removeSchedule },
} as const satisfies {
  readonly [N in VerbName]?: { readonly right: Right; readonly run: Command<N> };
};

type AnyCommand = (
  services: Services,
  peer: Peer,
  messages: readonly Message[],
) => Promise<void> | void;

const byVerb = new Map(
  Object.entries(commands).map(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a command is given messages only of the verb that finds it
    ([verb, { run }]): [string, AnyCommand] => [verb, run as unknown as AnyCommand],
  ),
);

/**
 * Runs the messages of a frame in their order. A command is given all consecutive
 * messages of its verb at once. Resolves when each message is answered or waits for an event.
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
      throw new MillraceError('UNEXPECTED_MESSAGE', `a peer with a session may not send ${verb}`);
    }
    const ran = command(services, peer, messages.slice(start, end));
    if (ran !== undefined) {
      running.push(ran);
    }
    start = end;
  }
  await Promise.all(running);
};
