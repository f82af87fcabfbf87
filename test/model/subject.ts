import {
  audit,
  type Batch,
  committed,
  type Effects,
  fireSchedule,
  Handles,
  type Journal,
  type ListRequest,
  load,
  memoryJournal,
  type Now,
  nextTickInMs,
  State,
  seal,
  tick,
  verbs,
} from '@millrace/manager/internals';
import { limits, type TaskState, type Token, tokenKey } from '@millrace/protocol';
import { expect } from 'vitest';
import { type Command, sessionIds } from './commands.ts';
import { type ModelQueue, type ModelTask, Reference } from './reference.ts';
import { nextOf, SCHEDULE_QUEUE, specOf } from './schedules.ts';

const queues: Readonly<Record<string, ModelQueue>> = {
  fifo: { maxItems: 12, order: 'fifo' },
  lifo: { maxItems: 5, order: 'lifo' },
  [SCHEDULE_QUEUE]: { maxItems: 100_000, order: 'fifo' },
};

const errorOf = (retry: boolean) => ({ name: 'Error', message: 'no', stack: '', retry });

const wordOf = (answer: string | { readonly refused: string } | undefined): string | undefined =>
  typeof answer === 'object' ? answer.refused : answer;

/** The core on a journal beside the reference. Both take every step, and their answers are compared. */
export class Subject {
  readonly #reference = new Reference(queues);
  readonly #journal: Journal = memoryJournal();
  #state: State;
  #inFlight: Batch | undefined;
  /** All tokens that each session was ever given. */
  readonly #tokens = new Map<string, Token[]>(sessionIds.map((id) => [id, []]));
  readonly #granted = new Set<string>();
  readonly #outcomes = new Map<string, string>();

  constructor() {
    this.#state = this.#start();
    sessionIds.forEach((id) => {
      verbs.openSession.run(this.#state, { sessionId: id, name: id }, this.#now);
      this.#reference.open(id);
    });
    this.#reference.batch = 2;
    this.#reference.committedBatch = 1;
  }

  get #now(): Now {
    const { monotonicMs, wallMs } = this.#reference;
    return { monotonicMs, wallMs };
  }

  #start(): State {
    const state = new State(this.#journal, {
      software: 'the model',
      payloadMaxBytes: 10_000,
      retainMaxBytes: 1_000_000_000,
      restartGraceMs: limits.restartGraceMs,
    });
    for (const [name, spec] of Object.entries(queues)) {
      state.declareQueue({ name, maxBytes: 1_000_000, ...spec });
    }
    load(state, new Uint8Array(32), this.#now);
    const batch = seal(state);
    // The memory journal commits synchronously.
    void this.#journal.commit(batch.writes);
    committed(state, batch);
    return state;
  }

  do(command: Command): void {
    switch (command.verb) {
      case 'enqueue':
        return this.#enqueue(command);
      case 'claim':
        return this.#claim(command);
      case 'settle':
        return this.#settle(command);
      case 'cancel': {
        const [answer] = verbs.cancel.run(
          this.#state,
          [{ taskId: command.taskId, reason: '' }],
          this.#now,
        );
        return expect(answer).toEqual(this.#reference.cancel(command.taskId));
      }
      case 'prioritize': {
        const { priority, taskId } = command;
        const [answer] = verbs.prioritize.run(this.#state, [{ taskId, priority }], this.#now);
        return expect(wordOf(answer)).toBe(this.#reference.prioritize(taskId, priority));
      }
      case 'retry': {
        const { verb: _verb, ...request } = command;
        const [answer] = verbs.retry.run(this.#state, [request], this.#now);
        return expect(wordOf(answer)).toBe(this.#reference.retry(request));
      }
      case 'drop': {
        const [answer] = verbs.drop.run(this.#state, [command.taskId], this.#now);
        return expect(wordOf(answer)).toBe(this.#reference.drop(command.taskId));
      }
      case 'pause':
        return this.#pause(command.queue, command.isPaused);
      case 'purge':
        return this.#purge(command.queue);
      case 'list':
        return this.#list(command.state, command.limit);
      case 'resume':
        return this.#resume(command);
      case 'crash':
        return this.#crash(command.inFlightIsDurable);
      case 'advance':
        return this.#advance(command.byMs);
      case 'schedule':
      case 'pauseSchedule':
      case 'runSchedule':
      case 'removeSchedule':
        return this.#operateSchedule(command);
      case 'open':
      case 'disconnect':
      case 'end':
        return this.#connect(command.verb, command.sessionId);
      case 'write':
        return this.#write();
      case 'written':
        return this.#written();
      case 'flush':
        return this.#flush();
    }
  }

  /** Asserts the invariants that hold after every step. */
  check(): void {
    for (const [queue, { maxItems }] of Object.entries(queues)) {
      const own = this.#reference.unfinished(queue);
      const counted = (state: string) => own.filter((task) => task.state === state).length;
      expect(verbs.size.run(this.#state, queue, this.#now)).toMatchObject({
        ready: counted('ready'),
        scheduled: counted('scheduled'),
        leased: counted('leased'),
        bytes: own.reduce((sum, { spec }) => sum + spec.payload.length, 0),
      });
      expect(own.length).toBeLessThanOrEqual(maxItems);
    }
    for (const [taskId, task] of this.#reference.tasks) {
      const { failures, grants: grant, losses, returns, spec, state } = task;
      const history = task.isRemoved ? [] : task.noted.slice(-limits.historyMax);
      expect(verbs.inspect.run(this.#state, taskId, this.#now)).toMatchObject({
        state,
        priority: spec.priority,
        grant,
        failures,
        losses,
        returns,
        history,
      });
    }
    this.#checkSchedules();
    if (this.#inFlight === undefined && this.#state.batch.isEmpty) {
      expect(audit(this.#state)).toEqual([]);
    }
  }

  #enqueue({ tasks }: Extract<Command, { verb: 'enqueue' }>): void {
    const [answer] = verbs.enqueue.run(this.#state, [tasks], this.#now);
    const expected = this.#reference.enqueue(tasks);
    const given = answer !== undefined && 'refused' in answer ? answer.refused : answer;
    expect(given).toEqual(expected);
  }

  #claim({
    isolates,
    max,
    names,
    queue,
    sessionId,
    versions,
  }: Extract<Command, { verb: 'claim' }>): void {
    const handles = new Handles(
      names.flatMap((name) => versions.map((version) => ({ queue, name, version }))),
    );
    const request = { sessionId, handles, max, maxBytes: 1_000_000, isolates };
    const [grants = []] = verbs.claim.run(this.#state, [request], this.#now);
    const expected = this.#reference.claim(sessionId, queue, { names, versions }, max, isolates);
    expect(grants.map(({ epoch, grant, taskId }) => ({ taskId, epoch, grant }))).toEqual(expected);
    for (const { epoch, grant, payload, taskId } of grants) {
      const token = { taskId, epoch, grant };
      const { arrival, spec } = this.#reference.tasks.get(token.taskId) ?? {};
      expect(Buffer.compare(payload, spec?.payload ?? Buffer.from('missing'))).toBe(0);
      // Another task may take a forgotten id; its grants count from one again.
      const grantOfLife = `${tokenKey(token)} of arrival ${arrival}`;
      expect(this.#granted.has(grantOfLife)).toBe(false);
      this.#granted.add(grantOfLife);
      this.#tokens.get(sessionId)?.push(token);
    }
  }

  /** Chooses one of the session's last tokens, or sometimes one of all sessions' last tokens. */
  #chooseToken(sessionId: string, choice: number): Token | undefined {
    const all = choice % 7 === 0 ? [...this.#tokens.values()].flat() : this.#tokens.get(sessionId);
    return all?.at(-1 - (choice % Math.max(1, Math.min(5, all.length))));
  }

  #settle({ kind, sessionId, token: choice, waitMs }: Extract<Command, { verb: 'settle' }>): void {
    const token = this.#chooseToken(sessionId, choice);
    if (token === undefined) {
      return;
    }
    const error = kind === 'failed' ? errorOf(true) : errorOf(false);
    const [answer] = verbs.settle.run(
      this.#state,
      {
        sessionId,
        reports: [
          {
            ...token,
            kind: kind === 'hopeless' ? 'failed' : kind,
            result: undefined,
            error,
            waitMs,
          },
        ],
      },
      this.#now,
    );
    expect(answer).toBe(this.#reference.settle(sessionId, token, kind, waitMs));
  }

  #pause(queue: string, isPaused: boolean): void {
    verbs.pause.run(this.#state, { queue, isPaused }, this.#now);
    if (isPaused) {
      this.#reference.paused.add(queue);
    } else {
      this.#reference.paused.delete(queue);
    }
  }

  /** Flushes first, because a purge finds only durable tasks. */
  #purge(queue: string): void {
    this.#flush();
    expect(verbs.purge.run(this.#state, { queue, after: undefined }, this.#now)).toEqual({
      cancelled: this.#reference.purge(queue),
      next: undefined,
    });
  }

  #list(state: TaskState | undefined, limit: number): void {
    this.#flush();
    const listed = this.#pages({ state, limit, backward: undefined });
    expect(listed.toSorted()).toEqual(this.#reference.listed(state));
    expect(this.#pages({ state, limit, backward: true })).toEqual(listed.toReversed());
  }

  /** The ids on all pages of a listing. */
  #pages(listing: Pick<ListRequest, 'state' | 'limit' | 'backward'>): string[] {
    const listed: string[] = [];
    for (let after: string | undefined; ; ) {
      const request = { ...listing, queue: undefined, name: undefined, after };
      const { next, tasks } = verbs.listTasks.run(this.#state, request, this.#now);
      expect(tasks.length).toBeLessThanOrEqual(listing.limit);
      listed.push(...tasks.map(({ taskId }) => taskId));
      if (next === undefined) {
        return listed;
      }
      after = next;
    }
  }

  #connect(verb: 'open' | 'disconnect' | 'end', sessionId: string): void {
    if (verb === 'open') {
      verbs.openSession.run(this.#state, { sessionId, name: sessionId }, this.#now);
      this.#reference.open(sessionId);
    } else if (verb === 'disconnect') {
      verbs.disconnect.run(this.#state, { sessionId, graceMs: limits.resumeGraceMs }, this.#now);
      this.#reference.disconnect(sessionId, limits.resumeGraceMs);
    } else {
      verbs.endSession.run(this.#state, sessionId, this.#now);
      this.#reference.end(sessionId);
    }
  }

  #resume({ sessionId, tokens }: Extract<Command, { verb: 'resume' }>): void {
    const presented = new Map<string, Token>();
    for (const choice of tokens) {
      const token = this.#chooseToken(sessionId, choice);
      if (token !== undefined) {
        presented.set(tokenKey(token), token);
      }
    }
    const list = [...presented.values()];
    const lost = verbs.resume.run(this.#state, { sessionId, tokens: list }, this.#now);
    expect(lost).toEqual(this.#reference.resume(sessionId, list));
  }

  #write(): void {
    if (this.#inFlight === undefined && !this.#state.batch.isEmpty) {
      this.#inFlight = seal(this.#state);
      this.#reference.seal();
    }
  }

  #written(): void {
    if (this.#inFlight !== undefined) {
      const batch = this.#inFlight;
      this.#inFlight = undefined;
      void this.#journal.commit(batch.writes);
      this.#reference.committed();
      this.#see(committed(this.#state, batch));
    }
  }

  /** A visible outcome never changes while the task is known. */
  #see({ finished }: Effects): void {
    for (const { state, taskId } of finished) {
      expect(this.#outcomes.get(taskId) ?? state).toBe(state);
      this.#outcomes.set(taskId, state);
    }
  }

  #flush(): void {
    this.#written();
    while (!this.#state.batch.isEmpty) {
      this.#write();
      this.#written();
    }
  }

  #crash(inFlightIsDurable: boolean): void {
    if (inFlightIsDurable && this.#inFlight !== undefined) {
      void this.#journal.commit(this.#inFlight.writes);
    }
    this.#reference.crash(inFlightIsDurable);
    this.#inFlight = undefined;
    this.#state = this.#start();
    expect(this.#state.epoch).toBe(this.#reference.epoch);
  }

  #advance(byMs: number): void {
    this.#reference.monotonicMs += byMs;
    this.#reference.wallMs += byMs;
    // A tick may come while a batch is in flight.
    tick(this.#state, this.#now, fireSchedule);
    this.#reference.pass();
    this.#flush();
    for (let ticks = 0; nextTickInMs(this.#state, this.#now) === 0; ticks++) {
      expect(ticks).toBeLessThan(20);
      tick(this.#state, this.#now, fireSchedule);
      this.#flush();
    }
    this.#reference.pass();
    this.#compareTicks();
    for (const task of this.#reference.tasks.values()) {
      this.#compareRetry(task);
    }
    this.#forgetOutcomes();
    // The engine has already made durable the changes that the reference made just now.
    this.#reference.seal();
    this.#reference.batch -= 1;
    this.#reference.committed();
    this.#reference.committedBatch = this.#reference.batch;
    this.#reference.batch += 1;
  }

  #operateSchedule(
    command: Extract<
      Command,
      { verb: 'schedule' | 'pauseSchedule' | 'runSchedule' | 'removeSchedule' }
    >,
  ): void {
    const reference = this.#reference;
    const { name } = command;
    switch (command.verb) {
      case 'schedule': {
        const { everyMs, missed } = command;
        const request = { schedule: specOf(name, everyMs, missed), origin: 'api' } as const;
        const answer = verbs.schedule.run(this.#state, request, this.#now);
        return expect(answer).toBe(reference.schedule(name, everyMs, missed));
      }
      case 'pauseSchedule': {
        const answer = verbs.pauseSchedule.run(this.#state, command, this.#now);
        return expect(answer).toBe(reference.pauseSchedule(name, command.isPaused));
      }
      case 'runSchedule': {
        const { newTaskId } = command;
        const isKnown = reference.tasks.has(newTaskId);
        const answer = verbs.runSchedule.run(this.#state, command, this.#now);
        const isMade = reference.runSchedule(name, newTaskId);
        const expected = { taskId: newTaskId, isNew: true };
        return expect(answer).toEqual(isKnown || isMade ? expected : 'UNKNOWN_SCHEDULE');
      }
      default: {
        const answer = verbs.removeSchedule.run(this.#state, name, this.#now);
        return expect(answer).toBe(reference.removeSchedule(name));
      }
    }
  }

  /** The tasks that time has added, in the order of their ids, are those of the ticks that were due. */
  #compareTicks(): void {
    const ticks = this.#reference.fireSchedules();
    const listing = { state: undefined, limit: 500, backward: undefined };
    const made = this.#pages(listing).filter((taskId) => !this.#reference.tasks.has(taskId));
    expect(made).toHaveLength(ticks.length);
    for (const taskId of made) {
      const info = verbs.inspect.run(this.#state, taskId, this.#now);
      const name = info === 'UNKNOWN_TASK' ? '' : info.name;
      const index = ticks.findIndex((due) => due.name === name);
      const [fired] = ticks.splice(index, 1);
      expect(fired?.name).toBe(name);
      if (fired !== undefined) {
        this.#reference.addRun(fired, taskId);
      }
    }
  }

  #checkSchedules(): void {
    const { schedules } = this.#reference;
    expect(this.#state.schedules.total).toBe(schedules.size);
    for (const [name, { isPaused, lastTickMs, runs, skipped, ...rest }] of schedules) {
      const nextAtMs = nextOf({ isPaused, lastTickMs, runs, skipped, ...rest });
      const kept = runs.slice(-limits.scheduleRunsMax);
      expect(verbs.showSchedule.run(this.#state, name, this.#now)).toMatchObject({
        isPaused,
        lastTickAtMs: lastTickMs,
        nextAtMs,
        skipped,
        runs: kept,
      });
    }
  }

  #compareRetry(task: ModelTask): void {
    const { retry, spec } = task;
    if (retry === undefined) {
      return;
    }
    const info = verbs.inspect.run(this.#state, spec.taskId, this.#now);
    const { wallMs } = this.#reference;
    if (info !== 'UNKNOWN_TASK' && info.state === 'ready') {
      expect(wallMs).toBeGreaterThanOrEqual(retry.fromMs);
      this.#reference.fallDue(task);
    } else {
      expect(wallMs).toBeLessThan(retry.toMs);
    }
  }

  #forgetOutcomes(): void {
    for (const taskId of this.#outcomes.keys()) {
      if (!this.#reference.tasks.has(taskId)) {
        this.#outcomes.delete(taskId);
      }
    }
  }
}
