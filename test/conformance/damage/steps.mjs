import { backUpStore, compactStore, restoreStore } from '@millrace/manager';
import { diskJournal } from '@millrace/manager/internals';
import { systemClock } from '@millrace/protocol';

/** What is done to a store, by name. */
export const steps = {
  async open(directory) {
    const journal = await diskJournal(directory, systemClock);
    await journal.close();
  },
  restore: (directory, backup) => restoreStore(backup, directory),
  compact: (directory) => compactStore(directory),
  backUp: (directory, backup) => backUpStore(directory, backup),
};
