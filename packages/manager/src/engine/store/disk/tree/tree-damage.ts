/** Damage of a tree. No program can mend it; only another copy of the file helps. */
export class TreeDamage extends Error {
  /** The damaged place, without the name of the file and the way out. */
  readonly what: string;

  constructor(what: string) {
    super(`data.mdb is damaged: ${what}; restore a backup`);
    this.what = what;
  }
}
