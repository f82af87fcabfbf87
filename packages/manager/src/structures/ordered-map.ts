import sortedBtree from 'sorted-btree';

// Node gives the CommonJS module, tools that follow its interop flag give the class itself.
const BTree = 'default' in sortedBtree ? sortedBtree.default : sortedBtree;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A map in memory whose keys are in the order of a journal's. */
export const orderedMap = <T>() => new BTree<string, T>(undefined, compare);
