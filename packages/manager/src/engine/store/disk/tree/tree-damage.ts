/** Damage of a tree that no program but another copy of the file can mend. */
export class TreeDamage extends Error {
  /** What is damaged, without the name of the file and the way out. */
  readonly what: string;

  constructor(what: string) {
    super(`data.mdb is damaged: ${what}; restore a backup`);
    this.what = what;
  }
}
