/**
 * The rooms of each package, from the ground up: a room may import itself and the rooms
 * listed before it. A name that starts with another, such as `engine/core`, is a room of
 * its own. An entry that ends in `.ts` is one file at the top of the package. All other
 * files there stand above all rooms.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  protocol: ['runtime', 'words', 'bytes', 'messages/wire', 'messages', 'connection', 'dialler'],
  manager: [
    'version.ts',
    'tuning.ts',
    'structures',
    'engine/store',
    'engine/store/memory',
    'engine/store/disk/log',
    'engine/store/disk',
    'engine/core/rows',
    'engine/core',
    'engine/core/verbs',
    'engine/core/audit',
    'engine',
    'waiting',
    'commands',
    'peers',
    'report',
    'door',
    'door/http',
  ],
  worker: ['tuning.ts', 'handlers', 'attempt', 'runners', 'execution', 'pulling', 'heartbeat'],
  client: ['calls'],
  millrace: [
    'tuning.ts',
    'config',
    'cli/terminal',
    'cli/status',
    'cli/asking',
    'cli/processes',
    'cli/verbs',
    'cli',
  ],
};

interface Place {
  readonly packageName: string;
  /** Undefined for a file in no room. */
  readonly room: string | undefined;
  /** Higher than every room's for a file in none. */
  readonly floor: number;
}

const isInside = (path: string, room: string): boolean =>
  path === room || path.startsWith(`${room}/`);

/** Where a source of a package stands; nowhere for other files. */
const placeOf = (path: string): Place | undefined => {
  const [, packageName = '', inside = ''] = /^packages\/(\w+)\/src\/(.+)$/.exec(path) ?? [];
  const names = rooms[packageName];
  if (names === undefined) {
    return undefined;
  }
  const room = names
    .filter((name) => isInside(inside, name))
    .toSorted((a, b) => b.length - a.length)[0];
  return { packageName, room, floor: room === undefined ? names.length : names.indexOf(room) };
};

/** The sentence that says that an import inside a package goes upward; undefined for others. */
export const upwardInside = (from: string, to: string): string | undefined => {
  const [above, below] = [placeOf(from), placeOf(to)];
  if (above === undefined || below === undefined || above.packageName !== below.packageName) {
    return undefined;
  }
  return below.floor > above.floor
    ? `${from} imports ${to}, which is in a room above it`
    : undefined;
};

/** Folders that the list of rooms does not know, as sentences. */
export const unlistedRooms = (paths: Iterable<string>): string[] => {
  const folders = new Set<string>();
  for (const path of paths) {
    const place = placeOf(path);
    const inside = path.replace(/^packages\/\w+\/src\//, '');
    if (place?.room === undefined && place !== undefined && inside.includes('/')) {
      folders.add(path.slice(0, path.lastIndexOf('/')));
    }
  }
  return [...folders]
    .filter((folder) => !folder.endsWith('/testing'))
    .map((folder) => `${folder} is a room without a floor: list it in test/architecture/rooms.ts`);
};
