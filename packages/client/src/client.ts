import { randomBytes as systemRandomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type AnyTask,
  type CallOptions,
  type Clock,
  checkOptions,
  checkPeerName,
  DEFAULT_KEY_ID,
  type Dial,
  dialWebSocket,
  Holdings,
  isTaskId,
  Leases,
  Link,
  limits,
  MillraceError,
  QueueHandle,
  type QueuePort,
  type RandomBytes,
  returnItems,
  type Status,
  systemClock,
  type TaskDefinition,
  taskIdMaker,
} from '@millrace/protocol';
import type { BulkOptions } from './calls/all-dead.ts';
import { type DeadGroup, deadGroups } from './calls/dead-groups.ts';
import { drainWorker } from './calls/drain-worker.ts';
import { dropAll } from './calls/drop.ts';
import { type EnqueueOptions, enqueue } from './calls/enqueue.ts';
import { type ListedSchedule, listSchedules } from './calls/list-schedules.ts';
import {
  eachTask,
  type ListedTask,
  type ListOptions,
  listTasks,
  type TaskFilter,
  type TaskPage,
} from './calls/list-tasks.ts';
import { pauseSchedule } from './calls/pause-schedule.ts';
import type { ProducerPort } from './calls/port.ts';
import { removeSchedule } from './calls/remove-schedule.ts';
import { retryAll } from './calls/retry.ts';
import { type RunOptions, run } from './calls/run.ts';
import { runSchedule } from './calls/run-schedule.ts';
import { type ScheduleAnswer, type ScheduleOptions, schedule } from './calls/schedule.ts';
import { type ScheduleInfo, showSchedule } from './calls/show-schedule.ts';
import { status } from './calls/status.ts';
import { findConnection } from './discovery.ts';
import { type ConnectPatience, startPatiently } from './start-patiently.ts';
import { TaskHandle } from './task-handle.ts';

export interface ConnectOptions extends CallOptions {
  /** `ws://host:port`. Default: MILLRACE_URL, then the nearest `.millrace/` upward. */
  readonly url?: string;
  /** Default: MILLRACE_AUTHKEY, MILLRACE_AUTHKEY_FILE, then the nearest `.millrace/` upward. */
  readonly authkey?: string | Uint8Array;
  /**
   * How long to try again while no manager can be reached. Default 0: the first failure
   * rejects. A wrong key rejects at once, whatever this value.
   */
  readonly waitMs?: number;
  /** How long `connect` may take in all. Default: without limit, except for that of `waitMs`. */
  readonly timeoutMs?: number;
  /** Ends `connect` when it is aborted; a connected client does not heed it any more. */
  readonly signal?: AbortSignal;
  /** Name of this client for people, 1 to 128 bytes. Default: host and process id. */
  readonly name?: string;
  readonly clock?: Clock;
  readonly randomBytes?: RandomBytes;
  readonly dial?: Dial;
}

/**
 * `connecting` before the first connection; `connected`; `disconnected` while the client
 * dials again; `closed` for good.
 */
export type ClientState = 'connecting' | 'connected' | 'disconnected' | 'closed';

/** `error` says why the state is `disconnected` or `closed`. */
export type StateListener = (state: ClientState, error: MillraceError | undefined) => void;

/** A session with a manager, across any number of connections: enqueue, await, cancel, put, get. */
export class Client {
  readonly #link: Link;
  readonly #holdings = new Holdings(limits.listMaxItems);
  readonly #port: QueuePort & ProducerPort;
  readonly #listeners = new Set<StateListener>();
  #state: ClientState = 'connecting';

  constructor(url: string, secret: Uint8Array, options: ConnectOptions) {
    const { clock = systemClock, randomBytes = systemRandomBytes } = options;
    const { name = `${hostname()}:${process.pid}` } = options;
    this.#link = new Link(
      {
        url,
        key: { keyId: DEFAULT_KEY_ID, secret },
        role: 'client',
        peer: { name: checkPeerName(name), host: hostname(), pid: process.pid },
        clock,
        randomBytes,
        dial: options.dial ?? dialWebSocket,
      },
      {
        message: (message) => returnItems(this.#port, message),
        unsettledTokens: () => this.#holdings.tokens(),
        up: () => this.#turn('connected'),
        down: (error) => this.#turn('disconnected', error),
        ended: (error) => this.#turn('closed', error),
      },
    );
    this.#port = {
      clock,
      newTaskId: taskIdMaker(() => clock.wallMs(), randomBytes),
      payloadMaxBytes: () => this.#link.limits?.payloadMaxBytes ?? limits.payloadMaxBytes,
      messageMaxBytes: () => this.#link.limits?.messageMaxBytes ?? limits.messageMaxBytes,
      ask: (asked) => this.#link.ask(asked),
      refusal: () => this.#link.refusal,
      holdings: this.#holdings,
      leases: new Leases(),
    };
  }

  /** Whether a manager is connected. A client dials again by itself until it is closed. */
  get state(): ClientState {
    return this.#state;
  }

  /**
   * Calls `listener` at each change of `state`, with the error that caused it; returns a
   * function that removes the listener.
   */
  onState(listener: StateListener): () => void {
    const own: StateListener = (state, error) => listener(state, error);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /**
   * Connects. Only a failure of the first connection rejects; a connection lost later is dialled again.
   *
   * @throws CONNECT_FAILED, AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LOST,
   *   TOO_MANY_CONNECTIONS, SHUTTING_DOWN, UNSUPPORTED_VERSION; TIMEOUT, ABORTED, BAD_OPTION
   */
  async start(patience: ConnectPatience = {}): Promise<void> {
    await startPatiently(this.#link, this.#port.clock, patience);
  }

  /**
   * Adds a task; resolves when it is on disk.
   *
   * @throws SCHEMA_MISMATCH, PAYLOAD_INVALID or BAD_OPTION before anything is sent;
   *   QUEUE_FULL, UNKNOWN_QUEUE, TOO_MANY_NAMES, PAYLOAD_TOO_LARGE, STORE_FULL,
   *   TOO_MANY_REQUESTS; NOT_SENT or UNKNOWN without an answer in its time, which is ten
   *   minutes at most
   */
  enqueue<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    input: NoInfer<Input>,
    options?: EnqueueOptions,
  ): Promise<TaskHandle<Output>> {
    return enqueue(this.#port, task, [input], options, ([first]) =>
      this.#handle<Output>(first?.taskId ?? '', first?.isNew),
    );
  }

  /**
   * Adds a task and waits for its result: `enqueue` and `result` in one message each way.
   *
   * @throws as `enqueue`, and as `TaskHandle.result`
   */
  run<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    input: NoInfer<Input>,
    options?: RunOptions,
  ): Promise<Output> {
    return run(this.#port, task, input, options);
  }

  /**
   * Adds tasks, all or none; resolves when they are on disk. One call takes 10,000 tasks
   * at most.
   *
   * @throws as `enqueue`
   */
  enqueueMany<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    inputs: readonly NoInfer<Input>[],
    options?: EnqueueOptions,
  ): Promise<TaskHandle<Output>[]> {
    return enqueue(this.#port, task, inputs, options, (tasks) =>
      tasks.map(({ isNew, taskId }) => this.#handle<Output>(taskId, isNew)),
    );
  }

  /**
   * A handle on a task that was enqueued before, here or elsewhere. Sends nothing.
   *
   * @throws BAD_OPTION for a text that cannot be an id
   */
  task(taskId: string): TaskHandle;
  /** With its definition, the handle knows the type of the result. */
  task<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    taskId: string,
  ): TaskHandle<Output>;
  task(first: AnyTask | string, second?: string): TaskHandle {
    const taskId = typeof first === 'string' ? first : second;
    if (taskId === undefined || !isTaskId(taskId)) {
      throw new MillraceError('BAD_OPTION', `'${taskId}' is not the id of a task`);
    }
    return this.#handle(taskId);
  }

  /**
   * A named queue of items. Sends nothing.
   *
   * @throws BAD_OPTION
   */
  queue<T = unknown>(name: string): QueueHandle<T> {
    return new QueueHandle<T>(name, this.#port);
  }

  /**
   * A page of tasks. A page can be short, even empty, and not be the last: the manager
   * bounds what one page costs. A task that moves while pages are read may be listed
   * twice, or not at all.
   *
   * @throws BAD_OPTION, TIMEOUT, ABORTED
   */
  listTasks(options: ListOptions = {}): Promise<TaskPage> {
    return listTasks(this.#port, options);
  }

  /**
   * Every task that `listTasks` finds, page after page. `timeoutMs` holds for each page.
   *
   * @throws BAD_OPTION, TIMEOUT, ABORTED
   */
  tasks(options: Omit<ListOptions, 'after'> = {}): AsyncIterable<ListedTask> {
    return eachTask(this.#port, options);
  }

  /**
   * Groups of dead tasks that died of the same cause, the largest group first. The tasks of a
   * group have the queue and the task name in common, and the name, code, first frame and message
   * of the error, whose numbers do not count. `retryAll` and `dropAll` take the `fingerprint` of
   * a group.
   *
   * @throws BAD_OPTION, TIMEOUT, ABORTED
   */
  deadGroups(filter: TaskFilter = {}, options: CallOptions = {}): Promise<DeadGroup[]> {
    return deadGroups(this.#port, filter, options);
  }

  /**
   * Retries all dead tasks, as `task(id).retry()` does; answers how many. The work is done
   * in steps: tasks retried before an error stay retried. A task whose idempotency key another
   * task has now stays dead, and is not counted.
   *
   * @throws BAD_OPTION; QUEUE_FULL, UNKNOWN_QUEUE, STORE_FULL; NOT_SENT when nothing was
   *   done in time, UNKNOWN when some tasks may be retried
   */
  retryAll(filter: TaskFilter = {}, options: BulkOptions = {}): Promise<number> {
    return retryAll(this.#port, filter, options);
  }

  /**
   * Removes all dead tasks, as `task(id).drop()` does; answers how many.
   *
   * @throws BAD_OPTION; NOT_SENT when nothing was done in time, UNKNOWN when some tasks may
   *   be removed
   */
  dropAll(filter: TaskFilter = {}, options: BulkOptions = {}): Promise<number> {
    return dropAll(this.#port, filter, options);
  }

  /**
   * Asks the connected workers of this name, or the one with this session id, to take
   * nothing new, finish what they run, and end; answers how many were asked. `status`
   * shows which workers are draining. A worker that loses its connection at that moment
   * may not have heard the request.
   *
   * @throws UNKNOWN_WORKER, BAD_OPTION; NOT_SENT or UNKNOWN without an answer in time
   */
  drainWorker(worker: string, options: CallOptions = {}): Promise<number> {
    return drainWorker(this.#port, worker, options);
  }

  /**
   * Makes a schedule, or changes the one of its name; resolves when that is on disk. An equal one
   * changes nothing, so that a program may call this at each of its starts. A changed one ticks
   * next after now.
   *
   * @throws BAD_OPTION, SCHEMA_MISMATCH, PAYLOAD_INVALID, PAYLOAD_TOO_LARGE before anything is
   *   sent; UNKNOWN_QUEUE, TOO_MANY_SCHEDULES; BAD_OPTION for a schedule of the manager's
   *   configuration; NOT_SENT or UNKNOWN without an answer in time
   */
  schedule<Input, Output, Parsed, Returned>(
    name: string,
    options: ScheduleOptions<Input, Output, Parsed, Returned>,
    call: CallOptions = {},
  ): Promise<ScheduleAnswer> {
    return schedule(this.#port, name, options, call);
  }

  /**
   * Every schedule, in the order of the names. `timeoutMs` holds for each page.
   *
   * @throws TIMEOUT, ABORTED, BAD_OPTION
   */
  schedules(call: CallOptions = {}): AsyncIterable<ListedSchedule> {
    return listSchedules(this.#port, call);
  }

  /**
   * A schedule with its last 50 runs.
   *
   * @throws UNKNOWN_SCHEDULE, TIMEOUT, ABORTED, BAD_OPTION
   */
  showSchedule(name: string, call: CallOptions = {}): Promise<ScheduleInfo> {
    return showSchedule(this.#port, name, call);
  }

  /**
   * Lets a schedule make no tasks until it is resumed.
   *
   * @throws UNKNOWN_SCHEDULE, BAD_OPTION; NOT_SENT or UNKNOWN without an answer in time
   */
  pauseSchedule(name: string, call: CallOptions = {}): Promise<void> {
    return pauseSchedule(this.#port, name, true, call);
  }

  /**
   * Ends the pause of a schedule: it ticks next after now. The ticks of the pause are not missed.
   *
   * @throws as `pauseSchedule`
   */
  resumeSchedule(name: string, call: CallOptions = {}): Promise<void> {
    return pauseSchedule(this.#port, name, false, call);
  }

  /**
   * Makes the task of a schedule now, also of a paused one. Its ticks stay as they are.
   *
   * @throws UNKNOWN_SCHEDULE, QUEUE_FULL, STORE_FULL, BAD_OPTION; NOT_SENT or UNKNOWN without an
   *   answer in time
   */
  async runSchedule(name: string, call: CallOptions = {}): Promise<TaskHandle> {
    const { isNew, taskId } = await runSchedule(this.#port, name, call);
    return this.#handle(taskId, isNew);
  }

  /**
   * Removes a schedule with its history. Tasks that it made stay.
   *
   * @throws UNKNOWN_SCHEDULE; BAD_OPTION for one of the manager's configuration; NOT_SENT or
   *   UNKNOWN without an answer in time
   */
  removeSchedule(name: string, call: CallOptions = {}): Promise<void> {
    return removeSchedule(this.#port, name, call);
  }

  /**
   * The status of the manager: the document that `millrace status --json` prints.
   *
   * @throws TIMEOUT, ABORTED, BAD_OPTION
   */
  status(options: CallOptions = {}): Promise<Status> {
    return status(this.#port, options);
  }

  /**
   * Says goodbye and ends the session. Calls that still wait reject with CLIENT_CLOSED,
   * and leased items return to their queues. A second call waits for the same end.
   */
  close(): Promise<void> {
    return this.#link.close('the client was closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #turn(state: ClientState, error?: MillraceError): void {
    // A client that was idle and dials again was connected all the time.
    if (state === this.#state) {
      return;
    }
    this.#state = state;
    for (const listener of this.#listeners) {
      try {
        listener(state, error);
      } catch (thrown) {
        // Thrown apart from the link, which must go on.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }

  #handle<Output>(taskId: string, isNew?: boolean): TaskHandle<Output> {
    return new TaskHandle<Output>(taskId, this.#port, isNew);
  }
}

/**
 * Connects to a manager.
 *
 * @throws CONFIG_NOT_FOUND naming the places searched for URL and key;
 *   CONNECT_FAILED, AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LOST, TOO_MANY_CONNECTIONS,
 *   SHUTTING_DOWN, UNSUPPORTED_VERSION, BAD_OPTION; TIMEOUT, ABORTED
 */
export const connect = async (options: ConnectOptions = {}): Promise<Client> => {
  checkOptions(options, 'connect');
  const { secret, url } = findConnection(options);
  const client = new Client(url, secret, options);
  await client.start(options);
  return client;
};
