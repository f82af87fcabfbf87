import { audit } from '../engine/core/audit/audit.ts';
import { committed, type Effects } from '../engine/core/committed.ts';
import { load } from '../engine/core/load.ts';
import { seal } from '../engine/core/seal.ts';
import { type CoreOptions, type Now, State } from '../engine/core/state.ts';
import type { Journal } from '../engine/store/journal.ts';
import { memoryJournal } from '../engine/store/memory/memory-journal.ts';

const options: CoreOptions = {
  software: 'a test',
  payloadMaxBytes: 100_000,
  retainMaxBytes: 1_000_000,
  restartGraceMs: 1_000,
};

/** A core over a journal; a test says when its batches are committed. */
export class CoreStage {
  readonly journal: Journal;
  readonly now: Now = { monotonicMs: 1, wallMs: 1_800_000_000_000 };
  state: State;

  constructor(journal: Journal = memoryJournal()) {
    this.journal = journal;
    this.state = new State(journal, options);
  }

  /** A new core loads the journal. */
  async start(): Promise<void> {
    this.state = new State(this.journal, options);
    load(this.state, new Uint8Array(32), this.now);
    await this.commit();
  }

  async commit(): Promise<Effects> {
    const batch = seal(this.state);
    await this.journal.commit(batch.writes);
    return committed(this.state, batch);
  }

  audit(): string[] {
    return audit(this.state);
  }
}
