/** Enqueue → run → result, durable, beside the bare pipeline: rates, medians, and their ratio. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds, type Started, start, stop } from './processes.ts';
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

/** Of one run: the rate, and what each process paid for a task. */
interface Figure {
  readonly perSecond: number;
  readonly cpu: Readonly<Record<Role, number>>;
}

type Role = 'manager' | 'worker' | 'producer';

const MICROSECONDS = 1_000_000;

const measure = async (system: System): Promise<Figure> => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const serverFile = system === 'bare' ? 'bare-server.js' : 'millrace-manager.js';
  const manager = await start(serverFile, [directory], profileArgs(system, 'manager'));
  const worker = await start(`${system}-worker.js`, [manager.ready], profileArgs(system, 'worker'));
  const producer = await start(
    `${system}-producer.js`,
    [manager.ready, String(WARM_UP), String(COUNT)],
    profileArgs(system, 'producer'),
  );
  const perTask = (started: Started): number =>
    (cpuSeconds(started) * MICROSECONDS) / (WARM_UP + COUNT);
  const cpu = { manager: perTask(manager), worker: perTask(worker), producer: perTask(producer) };
  for (const started of [producer, worker, manager]) {
    await stop(started);
  }
  await rm(directory, { recursive: true });
  return { perSecond: Number(producer.ready), cpu };
};

const show = ({ cpu, perSecond }: Figure): string =>
  `${Math.round(perSecond).toLocaleString('en').padStart(9)} tasks/s   CPU µs a task: manager ${cpu.manager.toFixed(1)}, worker ${cpu.worker.toFixed(1)}, producer ${cpu.producer.toFixed(1)}`;

/** Neighbouring runs of the two systems meet the same mood of the machine. */
const ratios: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const bare = await measure('bare');
  console.log(`round ${round}  bare     ${show(bare)}`);
  const millrace = await measure('millrace');
  console.log(`round ${round}  millrace ${show(millrace)}`);
  ratios.push(millrace.perSecond / bare.perSecond);
}
const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)}%`;
console.log(
  `ratio    ${percent(median(ratios))} of the bare pipeline (${percent(Math.min(...ratios))} to ${percent(Math.max(...ratios))})`,
);
