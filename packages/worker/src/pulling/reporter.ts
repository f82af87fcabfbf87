import {
  type Clock,
  type Link,
  type MessageNamed,
  MillraceError,
  type Token,
} from '@millrace/protocol';
import type { AttemptResult } from '../execution/execution.ts';
import { tuning } from '../tuning.ts';

type Report = MessageNamed<'settle'>['results'][number];
export type SettleAnswer = MessageNamed<'settled'>['answers'][number];

const reportOf = (
  { epoch, grant, taskId }: Token,
  result: AttemptResult,
  runner: string | undefined,
): Report => ({
  taskId,
  epoch,
  grant,
  kind: result.kind,
  result: result.kind === 'succeeded' ? result.result : undefined,
  error: 'error' in result ? result.error : undefined,
  waitMs: 'waitMs' in result ? result.waitMs : undefined,
  runner,
});

/** The most bytes that the texts of an error take in UTF-8. */
const errorBytes = (error: Report['error']): number =>
  error === undefined
    ? 0
    : 3 * (error.name.length + error.message.length + error.stack.length) +
      (error.details?.length ?? 0);

/** The end, exclusive, of the reports from `start` on that share one SETTLE; at least one report. */
const endOfMessage = (reports: readonly Report[], start: number): number => {
  let bytes = 0;
  let end = start;
  while (end < reports.length) {
    const report = reports[end];
    bytes += tuning.reportFieldsBytes + (report?.result?.length ?? 0) + errorBytes(report?.error);
    end += 1;
    if (bytes > tuning.settleBytes) {
      break;
    }
  }
  return end;
};

/**
 * Reports how attempts ended. The reports of one turn leave together, and each is
 * sent again after a reconnection until the manager answers it.
 */
export class Reporter {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #answered: (token: Token, answer: SettleAnswer) => void;
  /** Reports in flight; each list is one SETTLE, which is answered as a whole. */
  readonly #unanswered: (readonly Report[])[] = [];
  #waiting: Report[] = [];
  #idle: (() => void)[] = [];

  constructor(link: Link, clock: Clock, answered: (token: Token, answer: SettleAnswer) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#answered = answered;
  }

  /** Tokens of reports that are not answered yet. */
  get tokens(): Token[] {
    return [...this.#unanswered.flat(), ...this.#waiting].map(({ epoch, grant, taskId }) => ({
      taskId,
      epoch,
      grant,
    }));
  }

  /** @param runner where the attempt ran; undefined if the attempt enters no history */
  report(token: Token, result: AttemptResult, runner?: string): void {
    const report = reportOf(token, result, runner);
    this.#waiting.push(report);
    if (this.#waiting.length === 1) {
      this.#clock.endOfTurn(() => this.#send());
    }
  }

  /** Replaces a report that has not left yet; false if it has, or if there is none. */
  amend(token: Token, result: AttemptResult): boolean {
    const index = this.#waiting.findIndex(
      ({ epoch, grant, taskId }) =>
        taskId === token.taskId && epoch === token.epoch && grant === token.grant,
    );
    if (index === -1) {
      return false;
    }
    this.#waiting[index] = reportOf(token, result, this.#waiting[index]?.runner);
    return true;
  }

  /** Resolves when every report is answered. */
  settled(): Promise<void> {
    return this.#isIdle ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#unanswered.length === 0 && this.#waiting.length === 0;
  }

  #send(): void {
    const reports = this.#waiting;
    this.#waiting = [];
    let start = 0;
    while (start < reports.length) {
      const end = endOfMessage(reports, start);
      // When the link is closed, requests fail; the end of the session returns the leases.
      this.#settle(reports.slice(start, end)).catch(() => {});
      start = end;
    }
  }

  async #settle(results: readonly Report[]): Promise<void> {
    this.#unanswered.push(results);
    const reply = await this.#link.request({
      build: (requestId) => ({ verb: 'settle', requestId, results }),
      giveUpAtMs: Number.POSITIVE_INFINITY,
      giveUp: () => new MillraceError('TIMEOUT', 'no answer'),
    });
    const answers = reply.verb === 'settled' ? reply.answers : [];
    this.#unanswered.splice(this.#unanswered.indexOf(results), 1);
    for (const [index, report] of results.entries()) {
      this.#answered(report, answers[index] ?? 'UNKNOWN_TASK');
    }
    if (this.#isIdle) {
      for (const resolve of this.#idle.splice(0)) {
        resolve();
      }
    }
  }
}
