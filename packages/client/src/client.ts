import { randomBytes as systemRandomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type AnyTask,
  type Clock,
  checkPeerName,
  checkSchema,
  checkTaskOptions,
  checkTimeout,
  DEFAULT_KEY_ID,
  type Dial,
  decodePayload,
  dialWebSocket,
  encodePayload,
  Holdings,
  inquire,
  isTaskId,
  Link,
  limits,
  type Message,
  MillraceError,
  type NewTask,
  QueueHandle,
  type QueuePort,
  type RandomBytes,
  type Status,
  sendEnqueue,
  settleToken,
  systemClock,
  type TaskDefinition,
  type TaskOptions,
  taskIdMaker,
} from '@millrace/protocol';
import { findConnection } from './discovery.ts';
import {
  drainWorker,
  dropAll,
  eachTask,
  type ListedTask,
  type ListOptions,
  listTasks,
  retryAll,
  type TaskFilter,
  type TaskPage,
} from './operations.ts';
import { ENQUEUE_TIMEOUT_MS, RunTask } from './run-task.ts';
import { TaskHandle } from './task-handle.ts';

export interface ConnectOptions {
  /** `ws://host:port`. Default: MILLRACE_URL, then the nearest `.millrace/` upward. */
  readonly url?: string;
  /** Default: MILLRACE_AUTHKEY, MILLRACE_AUTHKEY_FILE, then the nearest `.millrace/` upward. */
  readonly authkey?: string | Uint8Array;
  /** What `status` calls this client. Default: host and process id. */
  readonly name?: string;
  readonly clock?: Clock;
  readonly randomBytes?: RandomBytes;
  readonly dial?: Dial;
}

export interface EnqueueOptions extends TaskOptions {
  /**
   * How long to wait for room in a full queue. Default 5 s. While no manager can be
   * reached it is sent again for ten minutes whatever this says.
   */
  readonly timeoutMs?: number;
}

export interface RunOptions extends TaskOptions {
  /**
   * How long to wait for the result, in all; then the task goes on without a
   * listener. Default: without limit. For room in a full queue it waits 5 s at most.
   */
  readonly timeoutMs?: number;
}

/** What a task takes in a message beside its payload, at most. */
const TASK_FIELDS_BYTES = 512;

const noOptions = {};

/** What is undefined is not said, and leaves what the definition says. */
const given = (options: TaskOptions): TaskOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** @throws BAD_OPTION */
const settingsOf = (task: AnyTask, options: EnqueueOptions | RunOptions): TaskOptions => {
  if (options === noOptions) {
    return task.options;
  }
  const { timeoutMs = 0, ...taskOptions } = options;
  checkTimeout(timeoutMs, `task '${task.name}'`);
  checkTaskOptions(taskOptions, `task '${task.name}'`);
  return { ...task.options, ...given(taskOptions) };
};

/** Checked here, sent as they are: the worker parses them again, perhaps with a newer schema. */
const checkInputs = async (task: AnyTask, inputs: readonly unknown[]): Promise<void> => {
  for (const input of inputs) {
    await checkSchema(task.input, input, `the payload of task '${task.name}'`);
  }
};

/** Sends what has passed its schema; without one nothing is waited for before it is on its way. */
const whenChecked = <T>(
  task: AnyTask,
  inputs: readonly unknown[],
  send: () => Promise<T>,
): Promise<T> => {
  if (task.input !== undefined) {
    return checkInputs(task, inputs).then(send);
  }
  try {
    return send();
  } catch (error) {
    return Promise.reject(error);
  }
};

/** A connection to a manager that outlives its sockets: enqueue, await, cancel, put, get. */
export class Client {
  readonly #link: Link;
  readonly #holdings = new Holdings(limits.listMaxItems);
  readonly #port: QueuePort;

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
        message: (message) => this.#returnUnwanted(message),
        unsettledTokens: () => this.#holdings.tokens(),
        up() {},
        down() {},
        ended() {},
      },
    );
    this.#port = {
      clock,
      newTaskId: taskIdMaker(() => clock.wallMs(), randomBytes),
      payloadMaxBytes: () => this.#link.limits?.payloadMaxBytes ?? limits.payloadMaxBytes,
      ask: (asked) => this.#link.ask(asked),
      refusal: () => this.#link.refusal,
      holdings: this.#holdings,
    };
  }

  /** @throws CONNECT_FAILED, AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LOST, TOO_MANY_CONNECTIONS, SHUTTING_DOWN, UNSUPPORTED_VERSION */
  async start(): Promise<void> {
    await this.#link.start(false);
  }

  /**
   * Adds a task; resolves when it is on disk.
   *
   * @throws SCHEMA_MISMATCH or PAYLOAD_INVALID before anything is sent;
   *   QUEUE_FULL, UNKNOWN_QUEUE, PAYLOAD_TOO_LARGE, STORE_FULL; UNKNOWN after
   *   ten minutes without an answer
   */
  enqueue<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    input: NoInfer<Input>,
    options: EnqueueOptions = noOptions,
  ): Promise<TaskHandle<Output>> {
    return whenChecked(task, [input], () =>
      this.#send(task, [input], options, ([first]) => this.#handle<Output>(first?.taskId ?? '')),
    );
  }

  /**
   * Adds a task and waits for its result: what `enqueue` and `result` do, in one
   * message each way.
   *
   * @throws as `enqueue`, and as `TaskHandle.result`; UNKNOWN also when there was no
   *   answer within `timeoutMs`
   */
  run<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    input: NoInfer<Input>,
    options: RunOptions = noOptions,
  ): Promise<Output> {
    return whenChecked(task, [input], () => this.#run(task, input, options));
  }

  /**
   * Adds tasks, all or none; resolves when they are on disk.
   *
   * @throws as `enqueue`
   */
  enqueueMany<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    inputs: readonly NoInfer<Input>[],
    options: EnqueueOptions = noOptions,
  ): Promise<TaskHandle<Output>[]> {
    return whenChecked(task, inputs, () =>
      this.#send(task, inputs, options, (tasks) =>
        tasks.map(({ taskId }) => this.#handle<Output>(taskId)),
      ),
    );
  }

  /** A handle on a task that somebody enqueued. Nothing is asked before it is used. */
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

  /** A named queue of items. */
  queue<T = unknown>(name: string): QueueHandle<T> {
    return new QueueHandle<T>(name, this.#port);
  }

  /**
   * A page of tasks. What it costs the manager is bounded, whatever there is: a
   * page can be short, even empty, and have others behind it. A task that moves
   * while pages are read may be met twice, or not at all.
   *
   * @throws BAD_OPTION
   */
  listTasks(options: ListOptions = {}): Promise<TaskPage> {
    return listTasks(this.#port, options);
  }

  /**
   * Every task that `listTasks` finds, page after page.
   *
   * @throws BAD_OPTION
   */
  tasks(options: Omit<ListOptions, 'after'> = {}): AsyncIterable<ListedTask> {
    return eachTask(this.#port, options);
  }

  /**
   * Retries all dead tasks, as `task(id).retry()` does; answers how many. It goes
   * step by step: what was retried before an error stays retried.
   *
   * @throws BAD_OPTION; QUEUE_FULL, UNKNOWN_QUEUE, STORE_FULL, UNKNOWN
   */
  retryAll(filter: TaskFilter = {}): Promise<number> {
    return retryAll(this.#port, filter);
  }

  /**
   * Forgets all dead tasks, as `task(id).drop()` does; answers how many.
   *
   * @throws BAD_OPTION
   */
  dropAll(filter: TaskFilter = {}): Promise<number> {
    return dropAll(this.#port, filter);
  }

  /**
   * Asks the connected workers of this name, or the one with this session id, to
   * take nothing new, finish what they run, and end; answers how many were asked.
   * `status` shows who is draining. One that loses its connection at that very
   * moment may not have heard it.
   *
   * @throws UNKNOWN_WORKER
   */
  drainWorker(worker: string): Promise<number> {
    return drainWorker(this.#port, worker);
  }

  /** The manager's account of itself; the document that `millrace status --json` prints. */
  async status(): Promise<Status> {
    const reply = await inquire(this.#port, 'statusReport', (requestId) => ({
      verb: 'status',
      requestId,
    }));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an authenticated manager wrote it; its shape only ever grows
    return decodePayload(reply.document, 'the status') as Status;
  }

  /** Says goodbye; a second call waits for the same. Whatever still waits rejects with CLIENT_CLOSED; leased items go back. */
  close(): Promise<void> {
    return this.#link.close('the client was closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #handle<Output>(taskId: string): TaskHandle<Output> {
    return new TaskHandle<Output>(taskId, this.#port);
  }

  #run<Output>(task: AnyTask, input: unknown, options: RunOptions): Promise<Output> {
    return new Promise((resolve, reject) => {
      const newTask = this.#newTask(task, input, settingsOf(task, options));
      this.#checkBatch(task, [newTask]);
      this.#link.ask(new RunTask(this.#port, newTask, options.timeoutMs, resolve, reject));
    });
  }

  #send<T>(
    task: AnyTask,
    inputs: readonly unknown[],
    options: EnqueueOptions,
    answerOf: (tasks: readonly NewTask[]) => T,
  ): Promise<T> {
    const settings = settingsOf(task, options);
    const tasks = inputs.map((input) => this.#newTask(task, input, settings));
    if (tasks.length === 0) {
      return Promise.resolve(answerOf(tasks));
    }
    this.#checkBatch(task, tasks);
    const { timeoutMs = ENQUEUE_TIMEOUT_MS } = options;
    return sendEnqueue(this.#port, tasks, timeoutMs, answerOf(tasks));
  }

  /** @throws PAYLOAD_TOO_LARGE unless one message can carry the batch, which is all or nothing */
  #checkBatch(task: AnyTask, tasks: readonly NewTask[]): void {
    const maxBytes = this.#link.limits?.messageMaxBytes ?? limits.messageMaxBytes;
    const bytes = tasks.reduce((sum, { payload }) => sum + payload.length + TASK_FIELDS_BYTES, 0);
    if (tasks.length > limits.listMaxItems || bytes > maxBytes) {
      throw new MillraceError(
        'PAYLOAD_TOO_LARGE',
        `${tasks.length} of task '${task.name}' with ${bytes} bytes: one call takes ${limits.listMaxItems} tasks and ${maxBytes} bytes, enqueue them in several`,
      );
    }
  }

  #newTask(task: AnyTask, input: unknown, options: TaskOptions): NewTask {
    const what = `the payload of task '${task.name}'`;
    const { attempts = limits.attempts, deadlineMs = limits.deadlineMs } = options;
    return {
      taskId: this.#port.newTaskId(),
      queue: task.queue,
      name: task.name,
      payload: encodePayload(input, what, this.#port.payloadMaxBytes()),
      priority: options.priority ?? 0,
      delayMs: options.delayMs ?? 0,
      deadlineMs,
      attempts,
      expiresInMs: options.expiresInMs,
    };
  }

  /** An item that nobody waits for any more goes back. */
  #returnUnwanted(message: Message): void {
    if (message.verb === 'item') {
      const { epoch, grant, taskId } = message;
      settleToken(this.#port, { taskId, epoch, grant }, 'released').catch(() => {});
    }
  }
}

/**
 * Connects to a manager.
 *
 * @throws CONFIG_NOT_FOUND naming the places searched for URL and key;
 *   CONNECT_FAILED, AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LOST, TOO_MANY_CONNECTIONS,
 *   SHUTTING_DOWN, UNSUPPORTED_VERSION, BAD_OPTION
 */
export const connect = async (options: ConnectOptions = {}): Promise<Client> => {
  const { secret, url } = findConnection(options);
  const client = new Client(url, secret, options);
  await client.start();
  return client;
};
