import type { Client } from '@millrace/client';
import { expect, test } from 'vitest';
import { faultRounds, faultSeed } from '../support/environment.ts';
import { Random } from '../support/random.ts';
import { stages } from '../support/stage.ts';
import { ackedIds, Campaign, type Round, readOutcomes, type Seen } from './campaign.ts';
import { causes, type Double, doublesOf, executionsOf, type Outage } from './explain.ts';

const stage = stages();

/** Rounds whose kill met no work in flight are repeated, up to this number in all. */
const REPEATS_MAX = 20;
const RESTART_EVERY = 5;
const TEST_MAX_MS = 900_000;

const didMeetWork = ({ leasedAtKill, unacknowledgedAtKill }: Round): boolean =>
  leasedAtKill > 0 && unacknowledgedAtKill > 0;

const byCause = (doubles: readonly Double[]): string =>
  causes
    .map((cause) => `${doubles.filter((double) => double.cause === cause).length} ${cause}`)
    .join(', ');

const expectSame = (before: ReadonlyMap<string, Seen>, now: ReadonlyMap<string, Seen>): void => {
  const changed = [...before].filter(([taskId, seen]) => now.get(taskId) !== seen);
  expect(changed, 'outcomes that two readers saw differently').toEqual([]);
};

test(
  'a manager killed at random moments loses no acknowledged task and changes no outcome',
  async () => {
    const seed = faultSeed();
    const rounds = faultRounds(20);
    console.log(`FAULT_SEED=${seed} FAULT_ROUNDS=${rounds}`);
    const random = new Random(seed);
    const place = await stage();
    const campaign = await Campaign.start(place, { workers: 2, secondKills: true });
    const steady = await place.connect({ name: 'steady reader' });
    const outcomes = new Map<string, Seen>();
    const outages: Outage[] = [];
    const said: { readonly taskIds: readonly string[]; readonly text: string }[] = [];
    let counted = 0;
    let repeats = 0;
    let made = 0;
    let unknown = 0;

    const read = async (client: Client, taskIds: readonly string[]): Promise<void> => {
      const seen = await readOutcomes(client, taskIds);
      for (const [taskId, outcome] of seen) {
        outcomes.set(taskId, outcomes.get(taskId) ?? outcome);
      }
      expectSame(seen, outcomes);
    };

    while (counted < rounds) {
      const startedMs = performance.now();
      const round = await campaign.round(random);
      const all = round.batches.flatMap((batch) => batch.taskIds);
      const acked = ackedIds(round.batches);
      outages.push(...round.outages);
      made += round.batches.reduce((sum, batch) => sum + batch.created, 0);
      unknown += all.length - acked.length;
      expect(acked).toHaveLength(1_000);

      // A reader that waited through the kill and a later one see the same.
      const fresh = await place.connect({ name: 'fresh reader' });
      await Promise.all([read(steady, acked), read(fresh, acked)]);
      await fresh.close();
      await campaign.workersAreBack();
      const isCounted = didMeetWork(round);
      if (isCounted) {
        counted += 1;
      } else {
        repeats += 1;
        expect(repeats, 'kills that met nothing in flight').toBeLessThan(REPEATS_MAX);
      }
      if (counted % RESTART_EVERY === 0) {
        await (counted % 2 === 0
          ? campaign.stopAndRestart()
          : campaign.killAndRestart().then((outage) => outages.push(outage)));
        const after = await place.connect({ name: 'reader after a restart' });
        await read(after, [...outcomes.keys()]);
        await after.close();
      }
      const tookMs = Math.round(performance.now() - startedMs);
      const kills = round.outages.length === 1 ? 'kill' : 'first of two kills';
      said.push({
        taskIds: all,
        text: `${isCounted ? `round ${counted}` : 'repeated'}: ${acked.length} acked, ${all.length - acked.length} unknown, at the ${kills} ${round.leasedAtKill} leased and ${round.unacknowledgedAtKill} enqueues unacknowledged, ${tookMs} ms`,
      });
    }

    await campaign.workersAreBack();
    const totals = await campaign.totals(steady);
    const history = campaign.history();
    const executions = executionsOf(history);
    const doubles = doublesOf(executions, history, outages);
    for (const { taskIds, text } of said) {
      const own = new Set(taskIds);
      console.log(`${text}, double: ${byCause(doubles.filter(({ taskId }) => own.has(taskId)))}`);
    }
    console.log(
      `total: ${outcomes.size} acked, ${unknown} unknown, ${repeats} rounds repeated, ${doubles.length} double executions: ${byCause(doubles)}`,
    );

    // The manager recognised every resent enqueue, across all kills.
    expect(totals.enqueued).toBe(outcomes.size);
    expect(totals.succeeded).toBe(outcomes.size);
    expect(made, 'tasks that the manager says it created').toBeLessThanOrEqual(outcomes.size);
    // Each outcome is the return value of one execution of the same task.
    const phantoms = [...outcomes].filter(
      ([taskId, seen]) =>
        !(executions.get(taskId) ?? []).some(
          ({ nonce }) => seen === JSON.stringify({ taskId, nonce }),
        ),
    );
    expect(phantoms, 'outcomes that no execution returned').toEqual([]);
    expect(doubles.filter(({ cause }) => cause === 'unexplained')).toEqual([]);
    expect(campaign.isIntact).toBe(true);
  },
  TEST_MAX_MS,
);

test(
  'a lone worker keeps every grant that a kill made its manager forget, so no task runs twice',
  async () => {
    const seed = faultSeed();
    const rounds = faultRounds(5);
    console.log(`FAULT_SEED=${seed} FAULT_ROUNDS=${rounds}`);
    const random = new Random(seed);
    const place = await stage();
    // Without another worker, its tasks cannot be granted to another before it is back.
    const campaign = await Campaign.start(place, { workers: 1, secondKills: false });
    const reader = await place.connect();
    const outages: Outage[] = [];
    let met = 0;
    for (let n = 0; n < rounds; n++) {
      const round = await campaign.round(random);
      outages.push(...round.outages);
      met += didMeetWork(round) ? 1 : 0;
      await readOutcomes(reader, ackedIds(round.batches));
      await campaign.workersAreBack();
    }
    const history = campaign.history();
    const executions = executionsOf(history);
    console.log(`${executions.size} tasks under ${rounds} kills, of which ${met} met work`);
    expect(met).toBeGreaterThan(0);
    expect(doublesOf(executions, history, outages)).toEqual([]);
  },
  TEST_MAX_MS,
);
