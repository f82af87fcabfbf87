import { type Clock, limits } from '@millrace/protocol';
import { tuning } from '../tuning.ts';
import type { Blocking } from './blocking.ts';
import type { PulseReading } from './pulse.ts';
import type { StopSignal } from './stop-signals.ts';

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly drainMs: number;
  readonly killGraceMs: number;
  read(): PulseReading;
  /** Asks the main thread what blocks it; never answers while a system call holds it. */
  ask(answered: (blocking: Blocking | undefined) => void): void;
  /** Writes a line to the log, which the main thread cannot do now. */
  say(level: 'warn' | 'error', text: string, taskId: string | undefined): void;
  /** The event loop runs again. */
  resumed(silentMs: number, blocking: Blocking | undefined): void;
  /** Ends the process by SIGKILL. */
  kill(): void;
}

/** What the watchdog knows of the silence of the loop since its last beat. */
interface Silence {
  ms: number;
  /** Questions to the main thread. */
  asks: number;
  /** Whether the last question waits for its answer. */
  isWaiting: boolean;
  hasAnswered: boolean;
  isSaid: boolean;
  blocking: Blocking | undefined;
}

const newSilence = (): Silence => ({
  ms: 0,
  asks: 0,
  isWaiting: false,
  hasAnswered: false,
  isSaid: false,
  blocking: undefined,
});

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)}s`;

/**
 * Watches the main event loop from the heartbeat thread. While the loop is silent it
 * finds out what blocks it, heeds stop signals, and ends the process once nothing
 * that it holds can be settled in time any more.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #tickedAtMs: number;
  #beats = 0;
  #silence = newSilence();
  /** A signal that the main thread may not have handled, and the beats of its loop by then. */
  #signalled: { readonly atMs: number; readonly beats: number } | undefined;
  #isKilled = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#tickedAtMs = options.clock.monotonicMs();
  }

  /** The silence of the loop and what blocks it; undefined while it runs. */
  get blocked(): (Blocking & { readonly silentMs: number }) | undefined {
    const { blocking, ms } = this.#silence;
    return ms < limits.loopSilentMs
      ? undefined
      : {
          silentMs: Math.round(ms),
          taskId: blocking?.taskId,
          name: blocking?.name,
          place: blocking?.place,
        };
  }

  /** Called every `watchdogTickMs`. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    // A process that was stopped or suspended has missed ticks: its loop was not silent.
    this.#silence.ms += Math.min(nowMs - this.#tickedAtMs, 2 * tuning.watchdogTickMs);
    this.#tickedAtMs = nowMs;
    const reading = this.#options.read();
    if (reading.beats !== this.#beats) {
      this.#beats = reading.beats;
      // Between two beats the loop handles signals; one beat may be older than the signal.
      if (this.#signalled !== undefined && reading.beats > this.#signalled.beats + 1) {
        this.#signalled = undefined;
      }
      this.#runsAgain();
      return;
    }
    if (this.#silence.ms >= limits.loopSilentMs) {
      this.#lookAt(reading);
    }
    const reason = this.#reasonToEnd(nowMs, reading);
    if (reason !== undefined) {
      this.#end(reason);
    }
  }

  /** A stop signal came. The main thread handles it if its loop runs. */
  signalled(signal: StopSignal): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#signalled === undefined) {
      this.#signalled = { atMs: nowMs, beats: this.#options.read().beats };
    } else if (nowMs - this.#signalled.atMs > tuning.sameSignalMs) {
      this.#end(`a second signal, ${signal}, came while the event loop was blocked`);
    }
  }

  #runsAgain(): void {
    const { asks, blocking, ms } = this.#silence;
    this.#silence = newSilence();
    if (asks > 0) {
      this.#options.resumed(Math.round(ms), blocking);
    }
  }

  /** Asks again until the task is known: between two callbacks the loop is in no attempt's context. */
  #lookAt({ entered }: PulseReading): void {
    const silence = this.#silence;
    const isKnown = silence.blocking?.taskId !== undefined;
    if (!isKnown && !silence.isWaiting && silence.asks < tuning.asksMax) {
      this.#ask(silence);
    }
    if (!silence.isSaid && silence.ms >= limits.loopSilentMs + tuning.askMaxMs) {
      silence.blocking ??= entered && { ...entered, place: undefined };
      this.#sayOnce(silence);
    }
  }

  #ask(silence: Silence): void {
    silence.asks += 1;
    silence.isWaiting = true;
    this.#options.ask((blocking) => {
      // The loop may have run since, and be silent for another reason.
      if (silence !== this.#silence) {
        return;
      }
      silence.isWaiting = false;
      silence.hasAnswered = true;
      if (blocking?.taskId !== undefined) {
        silence.blocking = blocking;
        this.#sayOnce(silence);
      } else {
        silence.blocking ??= blocking;
      }
    });
  }

  #sayOnce(silence: Silence): void {
    if (!silence.isSaid) {
      silence.isSaid = true;
      const { name, place, taskId } = silence.blocking ?? {};
      const by = name === undefined ? 'code of no known task' : `a task '${name}'`;
      const silent = silence.hasAnswered
        ? 'code of Node'
        : 'a call that does not return to JavaScript';
      const where = place ?? silent;
      const text = `the event loop is blocked for ${seconds(silence.ms)} by ${by}, in ${where}`;
      this.#options.say('warn', text, taskId);
    }
  }

  #reasonToEnd(nowMs: number, { endsInMs, lastEndInMs }: PulseReading): string | undefined {
    const { drainMs, killGraceMs } = this.#options;
    const sinceSignalMs = nowMs - (this.#signalled?.atMs ?? nowMs);
    const isSilent = this.#silence.ms >= tuning.silentAtSignalMs;
    if (isSilent && sinceSignalMs > 0 && sinceSignalMs >= drainMs - 2 * tuning.watchdogTickMs) {
      return 'the time to drain is over, and the event loop is blocked';
    }
    if (this.#silence.ms < limits.loopSilentMs) {
      return undefined;
    }
    if (endsInMs <= 0) {
      return 'the time to drain is over, and the event loop is blocked';
    }
    const lateMs = -lastEndInMs - killGraceMs - limits.fenceSlackMs;
    const isLate = Number.isFinite(lastEndInMs) && lateMs >= 0;
    if (isLate) {
      return 'the deadlines of all tasks that this worker holds have passed, and the event loop is blocked';
    }
    return this.#silence.ms >= limits.loopSilentMaxMs && !Number.isFinite(lastEndInMs)
      ? `the event loop is blocked for ${seconds(this.#silence.ms)}`
      : undefined;
  }

  #end(reason: string): void {
    if (!this.#isKilled) {
      this.#isKilled = true;
      const text = `${reason}: ending this process by SIGKILL`;
      this.#options.say('error', text, this.#silence.blocking?.taskId);
      this.#options.kill();
    }
  }
}
