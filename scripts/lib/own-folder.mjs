/** Files of a build in a folder whose name says which build it is. */
import { createHash } from 'node:crypto';
import { basename, dirname, join, relative } from 'node:path';

/** The prefix of the folders' names. */
export const FOLDER_START = 'chunks-';

/** Of how many builds one has the length of another, about. */
const LENGTHS = 4093;

const LOADING = /\b(require|import)\("(\.[^"]+)"\)/g;

/**
 * Moves all files but those that others name into one folder, whose name is a hash of all of them. A process loads some
 * files late. If a build could give another file the name of one of those, a process that was started before would put
 * classes of both builds together.
 *
 * @param files CommonJS, which loads others by literal paths
 * @param dist the folder of the entries
 * @param named the files that keep their place
 */
export function intoOwnFolder(files, dist, named) {
  const build = hashOf(moved(files, dist, `${FOLDER_START}of-no-build`, named));
  return moved(files, dist, `${FOLDER_START}${build}`, named).map((file) =>
    named.includes(file.path) ? { ...file, text: withLengthOf(build, file.text) } : file,
  );
}

/**
 * Gives a file that keeps its place a length that most other builds do not have. V8 takes compiled code for that of a
 * file of the same length, and Deno 2.9 keeps such code by the path: after an update it ran the old entry, whose folder
 * was gone.
 *
 * @param build the hash of the build
 */
function withLengthOf(build, text) {
  return `${text}//${'-'.repeat(Number.parseInt(build, 16) % LENGTHS)}\n`;
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const { path, text } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${basename(path)}\n${text.length}\n${text}`);
  }
  return hash.digest('hex').slice(0, 12);
}

/** Returns the files as they are when all but some are in a folder of that name. */
function moved(files, dist, name, named) {
  const folder = join(dist, name);
  const homes = new Map(files.map(({ path }) => [path, named.includes(path) ? path : join(folder, basename(path))]));
  return files.map((file) => {
    const home = homes.get(file.path);
    const text = file.text.replaceAll(LOADING, (call, how, to) => {
      const target = homes.get(join(dirname(file.path), to));
      return target === undefined ? call : `${how}(${JSON.stringify(pathFrom(dirname(home), target))})`;
    });
    return { ...file, path: home, text };
  });
}

function pathFrom(folder, file) {
  const path = relative(folder, file);
  return path.startsWith('.') ? path : `./${path}`;
}
