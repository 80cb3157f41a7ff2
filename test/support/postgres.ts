/** A PostgreSQL server of the tests, which only this machine can reach, by a Unix socket. */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { endProcess, type ServerPlace, whenServing } from './server-process.js';

/** Benchmarks use this file, too, so it needs no other part of the tests. */
const CACHE = join(__dirname, '../../.cache');

/** Debian has the programs of each version in a folder of its own; others have them in the PATH. */
const FOLDERS = [17, 16, 15].map((version) => `/usr/lib/postgresql/${version}/bin`);

/** The user that the server runs as: it refuses root. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

function userOf(name: string): User | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

const isRoot = process.getuid?.() === 0;
const user = isRoot ? (userOf('postgres') ?? userOf('nobody')) : undefined;

const program = (name: string): string => {
  const folder = FOLDERS.find((each) => existsSync(join(each, name)));
  return folder === undefined ? name : join(folder, name);
};

/** Why no server can be started here; null if one can. */
export const postgresProblem: string | null = (() => {
  if (isRoot && user === undefined) return 'no user is there that PostgreSQL can run as';
  const { error, status } = spawnSync(program('initdb'), ['--version'], { ...user });
  return error === undefined && status === 0 ? null : 'PostgreSQL is not installed';
})();

/** A server that runs. */
export interface PostgresServer {
  /** The URL of its database. */
  readonly url: string;
  /** The same for clients in the network that it listens in. */
  readonly urlOverNetwork: string;
  readonly pid: number;
  /** Connects as a superuser. */
  connect(): Promise<Client>;
  /** Kills it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again, unless it runs. */
  start(): Promise<void>;
  /** Ends it, and removes its files. */
  close(): Promise<void>;
}

/** Makes a folder of the server's user. */
function usersFolder(within: string): string {
  const folder = mkdtempSync(join(within, 'fdmux-postgres-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Copies a folder with its owners and modes, which Node.js does not keep. */
function copyFiles(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp: ${stderr}`);
}

/**
 * Returns the files of an unused server. Making them takes seconds, and they are always the same: so they are made
 * once, and kept in .cache/.
 */
function emptyFiles(): string {
  const { stdout } = spawnSync(program('initdb'), ['--version'], { ...user, encoding: 'utf8' });
  const [version = ''] = /[\d.]+/.exec(stdout) ?? [];
  const kept = join(CACHE, `postgres-${version}-${user?.uid ?? 'own'}`);
  if (existsSync(kept)) return kept;
  const folder = usersFolder(tmpdir());
  const made = join(folder, 'data');
  const initArguments = ['-D', made, '-A', 'trust', '-U', 'fdmux', '-E', 'UTF8', '--no-locale', '--no-sync'];
  const init = spawnSync(program('initdb'), initArguments, { ...user, cwd: folder, encoding: 'utf8' });
  if (init.status !== 0) throw new Error(`initdb: ${init.stderr}`);
  // Under another name at first: a process that finds the files finds all of them.
  mkdirSync(CACHE, { recursive: true });
  const copying = `${kept}-${process.pid}`;
  copyFiles(made, copying);
  rmSync(folder, { recursive: true });
  try {
    renameSync(copying, kept);
  } catch {
    // Another process was faster.
    rmSync(copying, { recursive: true });
  }
  return kept;
}

/** Starts a server with an empty database. @param settings - of the server, by name */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  place?: ServerPlace,
): Promise<PostgresServer> {
  const folder = usersFolder(place?.within ?? tmpdir());
  const data = join(folder, 'data');
  copyFiles(emptyFiles(), data);
  const socket = encodeURIComponent(folder);
  const url = `postgres://fdmux@${socket}/postgres`;
  if (place !== undefined) appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\n');
  const all = { listen_addresses: place?.host ?? '', unix_socket_directories: folder, fsync: 'off', ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [program('postgres'), '-D', data, ...options];
  const run = () => {
    // Only root enters a network; the server must not be root.
    const as = ['setpriv', '--reuid', String(user?.uid), '--regid', String(user?.gid), '--clear-groups'];
    const [first = '', ...rest] = place === undefined ? command : [...place.through, ...as, ...command];
    return spawn(first, rest, { ...(place === undefined ? user : {}), cwd: folder, stdio: 'ignore' });
  };
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return client;
  };
  let server = run();
  const ready = (): Promise<void> =>
    whenServing(server, 'PostgreSQL', async () => {
      const client = await connect();
      await client.end();
    });
  await ready();
  return {
    url,
    urlOverNetwork: `postgres://fdmux@${place?.host ?? socket}/postgres`,
    get pid() {
      return server.pid ?? 0;
    },
    connect,
    // SIGQUIT: the immediate shutdown, after which a start recovers from the log.
    crash: () => endProcess(server, 'SIGQUIT'),
    start: async () => {
      if (server.exitCode === null && server.signalCode === null) return;
      server = run();
      await ready();
    },
    close: async () => {
      await endProcess(server, 'SIGQUIT');
      rmSync(folder, { recursive: true });
    },
  };
}
