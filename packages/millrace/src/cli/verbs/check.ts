import type { Finding, Status } from '@millrace/protocol';
import type { Command } from 'commander';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { lagFindings, levelOf, levels, refusals, storeFindings } from '../status/verdict.ts';
import { print } from '../terminal/output.ts';
import { plainText } from '../terminal/plain-text.ts';
import { bytes, duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Probe {
  readonly name: string;
  readonly description: string;
  readonly findings: (status: Status) => readonly Finding[];
  /** The line for a probe without findings. */
  readonly fine: (status: Status) => string;
}

const probes: readonly Probe[] = [
  {
    name: 'live',
    description: 'the manager answers',
    findings: () => [],
    fine: ({ uptimeMs }) => `up ${duration(uptimeMs)}`,
  },
  {
    name: 'ready',
    description: 'the manager takes new tasks',
    findings: refusals,
    fine: ({ queues }) => `${queues.length} queues`,
  },
  {
    name: 'store',
    description: 'the store has space and commits in time',
    findings: storeFindings,
    fine: ({ store }) => `${store.kind}, ${bytes(store.freeBytes)} free`,
  },
  {
    name: 'lag',
    description: 'every worker is heard, and no event loop is blocked',
    findings: lagFindings,
    fine: ({ workers }) => (workers.length === 1 ? '1 worker' : `${workers.length} workers`),
  },
];

/** Prints one line, and sets the exit code of the probe. */
const run = (probe: Probe, flags: ConnectFlags): Promise<void> =>
  withClient(flags, async (client) => {
    const status = await client.status();
    const findings = probe.findings(status);
    const level = levelOf(findings);
    const said = findings.map(({ message }) => plainText(message)).join('; ') || probe.fine(status);
    print(`${probe.name} ${level}: ${said}`);
    process.exitCode = levels[level];
  });

const addProbe = (parent: Command, probe: Probe): void => {
  connectOptions(parent.command(probe.name).description(probe.description))
    .addHelpText('after', example(`millrace check ${probe.name}`))
    .addHelpText('after', '\nExit codes: 0 ok, 1 warning, 2 critical, 3 no answer')
    .action((flags: ConnectFlags) => run(probe, flags));
};

export const checkVerbs: Verb = (parent) => {
  const check = parent
    .command('check')
    .description('probes for supervisors; the exit code is the verdict');
  for (const probe of probes) {
    addProbe(check, probe);
  }
};
