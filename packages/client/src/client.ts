import { randomBytes as systemRandomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type AnyTask,
  type Clock,
  checkPeerName,
  DEFAULT_KEY_ID,
  type Dial,
  dialWebSocket,
  Holdings,
  isTaskId,
  Link,
  limits,
  type Message,
  MillraceError,
  QueueHandle,
  type QueuePort,
  type RandomBytes,
  type Status,
  settleToken,
  systemClock,
  type TaskDefinition,
  taskIdMaker,
} from '@millrace/protocol';
import { drainWorker } from './calls/drain-worker.ts';
import { dropAll } from './calls/drop.ts';
import { type EnqueueOptions, enqueue } from './calls/enqueue.ts';
import {
  eachTask,
  type ListedTask,
  type ListOptions,
  listTasks,
  type TaskFilter,
  type TaskPage,
} from './calls/list-tasks.ts';
import type { ProducerPort } from './calls/port.ts';
import { retryAll } from './calls/retry.ts';
import { type RunOptions, run } from './calls/run.ts';
import { status } from './calls/status.ts';
import { findConnection } from './discovery.ts';
import { TaskHandle } from './task-handle.ts';

export interface ConnectOptions {
  /** `ws://host:port`. Default: MILLRACE_URL, then the nearest `.millrace/` upward. */
  readonly url?: string;
  /** Default: MILLRACE_AUTHKEY, MILLRACE_AUTHKEY_FILE, then the nearest `.millrace/` upward. */
  readonly authkey?: string | Uint8Array;
  /** Name of this client for people, 1 to 128 bytes. Default: host and process id. */
  readonly name?: string;
  readonly clock?: Clock;
  readonly randomBytes?: RandomBytes;
  readonly dial?: Dial;
}

/** A session with a manager, across any number of connections: enqueue, await, cancel, put, get. */
export class Client {
  readonly #link: Link;
  readonly #holdings = new Holdings(limits.listMaxItems);
  readonly #port: QueuePort & ProducerPort;

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
      messageMaxBytes: () => this.#link.limits?.messageMaxBytes ?? limits.messageMaxBytes,
      ask: (asked) => this.#link.ask(asked),
      refusal: () => this.#link.refusal,
      holdings: this.#holdings,
    };
  }

  /**
   * Connects. Only a failure of the first connection rejects; a connection lost later is dialled again.
   *
   * @throws CONNECT_FAILED, AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LOST,
   *   TOO_MANY_CONNECTIONS, SHUTTING_DOWN, UNSUPPORTED_VERSION
   */
  start(): Promise<void> {
    return this.#link.start(false);
  }

  /**
   * Adds a task; resolves when it is on disk.
   *
   * @throws SCHEMA_MISMATCH, PAYLOAD_INVALID or BAD_OPTION before anything is sent;
   *   QUEUE_FULL, UNKNOWN_QUEUE, TOO_MANY_NAMES, PAYLOAD_TOO_LARGE, STORE_FULL,
   *   TOO_MANY_REQUESTS; UNKNOWN after ten minutes without an answer
   */
  enqueue<Input, Output, Parsed, Returned>(
    task: TaskDefinition<Input, Output, Parsed, Returned>,
    input: NoInfer<Input>,
    options?: EnqueueOptions,
  ): Promise<TaskHandle<Output>> {
    return enqueue(this.#port, task, [input], options, ([first]) =>
      this.#handle<Output>(first?.taskId ?? ''),
    );
  }

  /**
   * Adds a task and waits for its result: `enqueue` and `result` in one message each way.
   *
   * @throws as `enqueue`, and as `TaskHandle.result`; UNKNOWN also when there was no
   *   answer within `timeoutMs`
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
      tasks.map(({ taskId }) => this.#handle<Output>(taskId)),
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
   * Retries all dead tasks, as `task(id).retry()` does; answers how many. The work is done
   * in steps: tasks retried before an error stay retried.
   *
   * @throws BAD_OPTION; QUEUE_FULL, UNKNOWN_QUEUE, STORE_FULL, UNKNOWN
   */
  retryAll(filter: TaskFilter = {}): Promise<number> {
    return retryAll(this.#port, filter);
  }

  /**
   * Removes all dead tasks, as `task(id).drop()` does; answers how many.
   *
   * @throws BAD_OPTION
   */
  dropAll(filter: TaskFilter = {}): Promise<number> {
    return dropAll(this.#port, filter);
  }

  /**
   * Asks the connected workers of this name, or the one with this session id, to take
   * nothing new, finish what they run, and end; answers how many were asked. `status`
   * shows which workers are draining. A worker that loses its connection at that moment
   * may not have heard the request.
   *
   * @throws UNKNOWN_WORKER, BAD_OPTION
   */
  drainWorker(worker: string): Promise<number> {
    return drainWorker(this.#port, worker);
  }

  /** The status of the manager: the document that `millrace status --json` prints. */
  status(): Promise<Status> {
    return status(this.#port);
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

  #handle<Output>(taskId: string): TaskHandle<Output> {
    return new TaskHandle<Output>(taskId, this.#port);
  }

  /** Returns an item to its queue when the `get` that asked for it no longer waits. */
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
