import { cpus, loadavg, release, totalmem } from 'node:os';

const BYTES_PER_GIB = 1_024 ** 3;

/** The properties of a machine that the figures depend on, without a name that would identify it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** The load average of the minute before the run. */
  readonly load: number;
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
  kernel: release(),
  node: process.versions.node,
  load: loadavg()[0] ?? 0,
});
