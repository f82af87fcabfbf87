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
    'engine/store/disk/tree',
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
  /** Undefined for a file outside all rooms. */
  readonly room: string | undefined;
  /** For a file outside all rooms, higher than every room's floor. */
  readonly floor: number;
}

const isInside = (path: string, room: string): boolean =>
  path === room || path.startsWith(`${room}/`);

/** The place of a package's source; undefined for other files. */
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

/** A sentence that reports an upward import inside a package; undefined for other imports. */
export const upwardInside = (from: string, to: string): string | undefined => {
  const [above, below] = [placeOf(from), placeOf(to)];
  if (above === undefined || below === undefined || above.packageName !== below.packageName) {
    return undefined;
  }
  return below.floor > above.floor
    ? `${from} imports ${to}, which is in a room above it`
    : undefined;
};

/** A sentence for each folder that the list of rooms lacks. */
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
