import { codeOf, type Log, limits, messageOf, type Token } from '@millrace/protocol';
import type { Finished } from '../engine/core/committed.ts';
import type { Engine } from '../engine/engine.ts';
import type { PeerSession } from '../peers/session.ts';
import type { Notice } from './attention.ts';

const MINUTE_MS = 60_000;

const keyOf = ({ kind, subject, taskName = '' }: Notice): string =>
  `${kind} ${subject} ${taskName}`;

/**
 * What happens at a manager, as lines of its log: one for each event that is
 * worth waking up for, and one when it is over.
 */
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

  /** All that needs attention now: tells what is new and what is over. */
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
        this.#log.info({ kind, subject }, `no longer: ${message}`);
      }
    }
  }

  /** Tasks have ended: whoever died is worth a line. */
  finished(tasks: readonly Finished[]): void {
    for (const task of tasks) {
      if (task.state === 'dead') {
        // A store that cannot tell has failed, which has a line of its own.
        this.#died(task).catch(() => {});
      }
    }
  }

  fenced(worker: PeerSession | undefined, { taskId }: Token): void {
    const name = worker?.description.name;
    this.#log.warn(
      { task: taskId, worker: name },
      'an attempt outlived its deadline and kill grace; it was fenced off',
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

  /** A peer was turned away; many of them are counted and not listed. */
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
      this.#log.warn(fields, 'many peers are refused; others of this minute have no line');
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
