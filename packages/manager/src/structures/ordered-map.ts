import sortedBtree from 'sorted-btree';

// Node imports the CommonJS module; tools that follow its interop flag import the class itself.
const BTree = 'default' in sortedBtree ? sortedBtree.default : sortedBtree;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A map in memory with its keys in the order of a journal. */
export const orderedMap = <T>() => new BTree<string, T>(undefined, compare);
