import { codeOf, type Log, limits, messageOf, type Token } from '@millrace/protocol';
import type { Finished } from '../engine/core/committed.ts';
import type { Engine } from '../engine/engine.ts';
import type { PeerSession } from '../peers/session.ts';
import type { Notice } from './wording.ts';

const MINUTE_MS = 60_000;

const keyOf = ({ kind, subject, taskName = '' }: Notice): string =>
  `${kind} ${subject} ${taskName}`;

/** Writes the log of a manager: findings that begin, get worse or are over, dead tasks, workers, refused peers. */
export class Chronicle {
  readonly #log: Log;
  readonly #engine: Engine;
  #open = new Map<string, Notice>();
  #refusals = 0;
  #refusalsSinceMs = Number.NEGATIVE_INFINITY;

  constructor(log: Log, engine: Engine) {
    this.#log = log;
    this.#engine = engine;
  }

  /** Takes everything that needs attention now; logs what is new or worse, and what is over. */
  found(findings: readonly Notice[]): void {
    const before = this.#open;
    this.#open = new Map(findings.map((finding) => [keyOf(finding), finding]));
    for (const [key, { command, kind, message, severity, subject }] of this.#open) {
      if (before.get(key)?.severity !== severity) {
        // The methods of a logger need it as their `this`.
        this.#log[severity === 'critical' ? 'error' : 'warn']({ kind, subject, command }, message);
      }
    }
    for (const [key, { kind, message, subject }] of before) {
      if (!this.#open.has(key)) {
        this.#log.info({ kind, subject }, `resolved: ${message}`);
      }
    }
  }

  /** Tasks have ended; a dead one is logged. */
  finished(tasks: readonly Finished[]): void {
    for (const task of tasks) {
      if (task.state === 'dead') {
        // Only a failed store rejects, and the manager logs that itself.
        this.#died(task).catch(() => {});
      }
    }
  }

  fenced(worker: PeerSession | undefined, { taskId }: Token): void {
    const name = worker?.description.name;
    this.#log.warn(
      { task: taskId, worker: name },
      'an attempt outlived its deadline and kill grace, and was fenced off',
    );
  }

  opened({ description, role, sessionId }: PeerSession): void {
    if (role === 'worker') {
      const { host, name, pid } = description;
      this.#log.info(
        { worker: name, host, workerPid: pid, session: sessionId },
        'worker connected',
      );
    }
  }

  left({ description, role }: PeerSession): void {
    if (role === 'worker') {
      this.#log.info({ worker: description.name }, 'worker left');
    }
  }

  /** A peer was refused. Only the first of each minute are logged. */
  refused(address: string, error: unknown, nowMs: number): void {
    if (nowMs - this.#refusalsSinceMs > MINUTE_MS) {
      this.#refusals = 0;
      this.#refusalsSinceMs = nowMs;
    }
    this.#refusals += 1;
    const fields = { address, code: codeOf(error) ?? 'INTERNAL' };
    if (this.#refusals < limits.refusalLinesPerMinute) {
      this.#log.warn(fields, `a peer was refused: ${messageOf(error)}`);
    } else if (this.#refusals === limits.refusalLinesPerMinute) {
      this.#log.warn(fields, 'many peers are refused; more of them in this minute are not logged');
    }
  }

  async #died({ error, taskId }: Finished): Promise<void> {
    const info = await this.#engine.inspect(taskId);
    if (info !== 'UNKNOWN_TASK') {
      const { failures, losses, name, queue } = info;
      this.#log.error(
        { queue, name, task: taskId, failures, losses },
        `a task is dead: ${error?.name ?? 'Error'}: ${(error?.message ?? '').split('\n')[0]}`,
      );
    }
  }
}
