/** Enqueue → run → result, durable, beside the bare pipeline: rates, medians, and their ratio. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from './processes.ts';
import { median } from './workload.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const WARM_UP = 20_000;
const COUNT = Number(process.env['BENCH_COUNT'] ?? 100_000);

type System = 'bare' | 'millrace';

const profileArgs = (system: System, role: string): readonly string[] => {
  const directory = process.env['BENCH_PROFILE'];
  return directory === undefined || system === 'bare'
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${join(directory, role)}`];
};

const measure = async (system: System): Promise<number> => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const serverFile = system === 'bare' ? 'bare-server.js' : 'millrace-manager.js';
  const server = await start(serverFile, [directory], profileArgs(system, 'manager'));
  const worker = await start(`${system}-worker.js`, [server.ready], profileArgs(system, 'worker'));
  const counts = [String(WARM_UP), String(COUNT)];
  const producer = await start(
    `${system}-producer.js`,
    [server.ready, ...counts],
    profileArgs(system, 'producer'),
  );
  await stop(worker);
  await stop(server);
  await rm(directory, { recursive: true });
  return Number(producer.ready);
};

const rates: Record<System, number[]> = { bare: [], millrace: [] };
for (let round = 1; round <= ROUNDS; round++) {
  for (const system of ['bare', 'millrace'] as const) {
    const rate = await measure(system);
    rates[system].push(rate);
    console.log(`round ${round}  ${system.padEnd(8)}  ${Math.round(rate).toLocaleString('en')} tasks/s`);
  }
}
const bare = median(rates.bare);
const millrace = median(rates.millrace);
console.log(`median   bare ${Math.round(bare)}/s, millrace ${Math.round(millrace)}/s`);
console.log(`ratio    ${((millrace / bare) * 100).toFixed(1)}% of the bare pipeline`);
