import type { Engine } from '@millrace/manager/internals';
import { check, type Verdict } from '../checker/checker.ts';
import { ClientProcess, type LiveClient } from './client-process.ts';
import { Customer, readOutcome } from './customer.ts';
import { ManagerProcess } from './manager-process.ts';
import { Nemesis } from './nemesis.ts';
import { Operator } from './operator.ts';
import { calmDisk, calmNetwork, type Plan } from './plan.ts';
import type { Pause } from './plan-pauses.ts';
import { SessionWitness } from './session-witness.ts';
import { SimDisk } from './sim-disk.ts';
import { SimNetwork } from './sim-network.ts';
import type { SimHost } from './sim-process.ts';
import { Strangers } from './strangers.ts';
import { Visitors } from './visitors.ts';
import { runOfBytes, simTasks } from './work.ts';
import { WorkerProcess } from './worker-process.ts';
import { World } from './world.ts';

export interface RunReport {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Broken invariants, in the order of the steps. */
  readonly breaches: readonly string[];
  readonly steps: number;
  /** The number of messages whose connection was lost between two of their parts. */
  readonly cutMessages: number;
  readonly simulatedMs: number;
  readonly storyHash: string;
  readonly story: readonly string[];
  readonly ids: ReadonlyMap<string, string>;
}

export interface RunOptions {
  /** Whether to keep the story. */
  readonly isTold?: boolean;
  /** Whether the manager's disk acknowledges writes before they are durable. */
  readonly hasLyingDisk?: boolean;
}

type OutcomeAnswers = Awaited<ReturnType<Engine['outcomes']>>;

/** The time after the faults in which all work must end. */
const DRAIN_MAX_MS = 3_600_000;
/** Messages that were in flight when the faults ended arrive within this time. */
const WAKE_MS = 100;
const FINAL_READ_MS = 30_000;
const READER = 'reader';
const RECOVERY_MS = 10_000;
const PROBES = 3;
const PROBE_EVERY_MS = 250;
/** The time from the first probe to the verdict, which leaves the last probe more than two seconds. */
const PROBE_WINDOW_MS = 3_000;

/** The run of one seed. */
class Run {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #witness: SessionWitness | undefined;
  readonly #network: SimNetwork;
  readonly #disk: SimDisk;
  readonly #manager: ManagerProcess;
  readonly #workers: readonly WorkerProcess[];
  readonly #clients: readonly ClientProcess[];
  readonly #hosts: SimHost[] = [];
  readonly #customer: Customer;
  readonly #visitors: Visitors;
  readonly #nemesis: Nemesis;
  readonly #breaches: string[] = [];
  readonly #rejections: string[] = [];

  constructor(plan: Plan, { hasLyingDisk = false, isTold = false }: RunOptions) {
    const world = new World(plan.seed, isTold);
    this.#plan = plan;
    this.#world = world;
    this.#witness = plan.presence && new SessionWitness(world, plan.presence);
    this.#visitors = new Visitors(world);
    this.#network = new SimNetwork(world, plan.network, this.#witness);
    this.#disk = new SimDisk(world, plan.disk, hasLyingDisk);
    const parts = { world, network: this.#network };
    this.#manager = new ManagerProcess({
      ...parts,
      disk: this.#disk,
      host: this.#newHost(),
      queues: plan.queues,
      admission: plan.admission,
      presence: plan.presence,
      restartMs: plan.restartMs,
    });
    this.#workers = plan.workers.map(
      (worker, index) =>
        new WorkerProcess({
          ...parts,
          host: this.#newHost(),
          name: `worker-${index}`,
          plan: worker,
        }),
    );
    this.#clients = Array.from(
      { length: plan.clients },
      (_, index) => new ClientProcess({ ...parts, host: this.#newHost(), name: `client-${index}` }),
    );
    this.#customer = new Customer(world, this.#clients);
    this.#nemesis = new Nemesis(world, {
      manager: this.#manager,
      workers: this.#workers,
      clients: this.#clients,
      network: this.#network,
      disk: this.#disk,
      hosts: this.#hosts,
      strangers: new Strangers(world, this.#network),
    });
    world.afterStep = (owner) => {
      if (owner === this.#manager.process) {
        this.#manager.audit();
      }
    };
  }

  async run(): Promise<RunReport> {
    const hear = (reason: unknown): void => void this.#rejections.push(String(reason));
    const { stackTraceLimit } = Error;
    process.on('unhandledRejection', hear);
    // Workers report stacks. Paths of sources must not be part of the story.
    Error.stackTraceLimit = 0;
    try {
      await this.#live();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      process.off('unhandledRejection', hear);
    }
    const { recorder } = this.#world;
    return {
      plan: this.#plan,
      verdict: check(recorder.history),
      breaches: [
        ...this.#manager.breaches,
        ...this.#workers.flatMap(({ breaches }) => breaches),
        ...this.#disk.breaches,
        ...(this.#witness?.breaches ?? []),
        ...this.#visitors.breaches,
        ...this.#breaches,
        ...this.#rejections.map((reason) => `an unhandled rejection: ${reason}`),
      ],
      steps: this.#world.steps,
      cutMessages: this.#network.cutMessages,
      simulatedMs: this.#world.nowMs,
      storyHash: recorder.storyHash(),
      story: recorder.story,
      ids: recorder.ids,
    };
  }

  async #live(): Promise<void> {
    const { busyMs, faults, orders, pauses, visitors } = this.#plan;
    for (const one of [this.#manager, ...this.#workers, ...this.#clients]) {
      one.start();
    }
    this.#customer.plan(orders);
    const operator = this.#operate(pauses);
    this.#visit(visitors, busyMs);
    this.#nemesis.plan(faults, busyMs);
    await this.#world.run(busyMs);
    this.#network.calm(calmNetwork);
    this.#disk.calm(calmDisk);
    this.#nemesis.heal();
    if (operator !== undefined) {
      await this.#world.run(this.#world.nowMs + DRAIN_MAX_MS, () => operator.isIdle);
    }
    if (this.#plan.isProbed) {
      await this.#probe();
    }
    await this.#world.run(this.#world.nowMs + WAKE_MS);
    await this.#drain();
    this.#manager.auditAll();
    await this.#readEverything();
  }

  /** Starts the operator, if the plan has pauses. No fault hits the operator's client. */
  #operate(pauses: readonly Pause[]): Operator | undefined {
    if (pauses.length === 0) {
      return undefined;
    }
    const operator = new Operator(this.#world, this.#newClient('operator'));
    operator.plan(pauses);
    return operator;
  }

  /** Lets visitors come, all from one address. */
  #visit(count: number, untilMs: number): void {
    if (count > 0) {
      const host = this.#newHost();
      const clients = Array.from({ length: count }, (_, n) =>
        this.#newClient(`visitor-${n}`, host),
      );
      this.#visitors.start(clients, untilMs);
    }
  }

  #newHost(): SimHost {
    const host = { address: `10.0.0.${this.#hosts.length}`, wallOffsetMs: 0 };
    this.#hosts.push(host);
    return host;
  }

  /** Sends probes ten seconds after the faults. */
  async #probe(): Promise<void> {
    const { recorder } = this.#world;
    await this.#world.run(this.#world.nowMs + RECOVERY_MS);
    const prober = this.#newClient('prober');
    prober.use(({ client, process }) => {
      for (let n = 0; n < PROBES; n++) {
        const task = `probe-${n}`;
        process.clock.after(n * PROBE_EVERY_MS, () => {
          recorder.record({
            kind: 'submit',
            task,
            client: process.name,
            what: 'probe',
            mayExpire: false,
          });
          const input = {
            key: task,
            ms: 1,
            failures: 0,
            isFatal: false,
            heedsAbort: true,
            padding: '',
          };
          client
            .enqueue(simTasks.probe, input)
            .then((handle) => {
              recorder.record({ kind: 'submitted', task, how: 'ok' });
              return readOutcome(recorder, process.name, task, handle);
            })
            .catch(() => {});
        });
      }
    });
    await this.#world.run(this.#world.nowMs + PROBE_WINDOW_MS);
  }

  /** Waits until all tasks have ended. Items may stay in their queue. */
  async #drain(): Promise<void> {
    const untilMs = this.#world.nowMs + DRAIN_MAX_MS;
    await this.#world.run(untilMs, () => this.#isDrained());
    if (!this.#isDrained()) {
      const { recorder } = this.#world;
      const waiting = [...this.#customer.waiting, ...this.#unfinished()].join('; ');
      const breach = `work is unfinished an hour after the faults: ${waiting}`;
      recorder.tell(() => `BREACH ${breach}`);
      this.#breaches.push(breach);
    }
    this.#world.recorder.record({ kind: 'drained' });
  }

  #unfinished(): string[] {
    return (this.#manager.engine?.report().queues ?? []).map(
      ({ name, size }) =>
        `${name}: ${size.ready} ready, ${size.scheduled} scheduled, ${size.leased} leased`,
    );
  }

  #isDrained(): boolean {
    const queues = this.#manager.engine?.report().queues;
    const isQuiet = queues?.every(({ name, size }) =>
      name === 'sacks'
        ? size.leased + size.scheduled === 0
        : size.ready + size.scheduled + size.leased === 0,
    );
    const isAnswered = this.#customer.isIdle && this.#visitors.isIdle;
    return isQuiet === true && isAnswered && this.#manager.engine?.isSettled === true;
  }

  async #readEverything(): Promise<void> {
    const { recorder } = this.#world;
    const reader = this.#newClient(READER);
    let isDone = false;
    const takeAll = async ({ client, process }: LiveClient): Promise<void> => {
      for (;;) {
        const { key } = await client.queue<{ key: string }>('sacks').get({ timeoutMs: 100 });
        recorder.record({ kind: 'taken', task: key, reader: process.name, isKept: true });
      }
    };
    const readAll = ({ client, process }: LiveClient): Promise<unknown> =>
      Promise.all(
        [...recorder.ids].map(([taskId, key]) =>
          readOutcome(recorder, process.name, key, client.task(taskId), FINAL_READ_MS / 2),
        ),
      );
    reader.use((live) => {
      // Items are taken first, because the outcome of an item that is still queued never comes.
      void takeAll(live)
        .catch(() => readAll(live))
        .then(() => {
          isDone = true;
        });
    });
    await this.#world.run(this.#world.nowMs + FINAL_READ_MS, () => isDone);
    await this.#readStore();
  }

  /** Reads the final states from the engine itself. */
  async #readStore(): Promise<void> {
    const { recorder } = this.#world;
    const ids = [...recorder.ids];
    const answers = await this.#outcomes(ids.map(([taskId]) => taskId));
    for (const [index, [, task]] of ids.entries()) {
      const answer = answers[index];
      if (answer !== undefined && typeof answer !== 'string') {
        const { state } = answer;
        const result = 'result' in answer ? answer.result : undefined;
        const value =
          state === 'succeeded' && result !== undefined ? runOfBytes(result) : undefined;
        recorder.record({ kind: 'stored', task, state, value });
      }
    }
  }

  /** Asks the engine. Time must go on meanwhile, because an answer waits for the batch in flight. */
  async #outcomes(taskIds: readonly string[]): Promise<OutcomeAnswers> {
    let answers: OutcomeAnswers | undefined;
    void this.#manager.engine?.outcomes(taskIds).then((given) => {
      answers = given;
    });
    await this.#world.run(this.#world.nowMs + FINAL_READ_MS, () => answers !== undefined);
    return answers ?? [];
  }

  #newClient(name: string, host = this.#newHost()): ClientProcess {
    const client = new ClientProcess({
      world: this.#world,
      network: this.#network,
      host,
      name,
    });
    client.start();
    return client;
  }
}

export const runPlan = (plan: Plan, options: RunOptions = {}): Promise<RunReport> =>
  new Run(plan, options).run();

export const hasFailed = ({ breaches, verdict }: RunReport): boolean =>
  breaches.length > 0 || verdict.failures.length > 0;
