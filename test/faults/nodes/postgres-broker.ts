/** PostgreSQL as the broker of a run. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryResultRow } from 'pg';
import { hasCode } from '../../../src/errors.js';
import { decodePack } from '../../../src/log/codec.js';
import { startPostgres } from '../../support/postgres.js';
import type { Broker } from './broker.js';
import type { Network } from './network.js';

const DISK_MEGABYTES = 192;

/** What a history calls a message, see `LINE_KINDS`. */
const MESSAGE_KIND = 1;

/** Starts PostgreSQL on a machine. */
export async function postgresOn(network: Network, machine: string): Promise<Broker> {
  const disk = mkdtempSync(join(tmpdir(), 'fdmux-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m,mode=755`, 'fdmux', disk]);
  if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`);
  const filler = join(disk, 'filler');
  const unmount = (): void => {
    spawnSync('umount', ['-l', disk]);
    rmdirSync(disk);
  };
  const settings = { fsync: 'on', synchronous_commit: 'on', max_connections: '50', shared_buffers: '16MB' };
  const place = { within: disk, host: network.addressOf(machine), through: network.on(machine) };
  const server = await startPostgres(settings, place).catch((error: unknown) => {
    unmount();
    throw error;
  });
  const query = async (text: string, room: string): Promise<QueryResultRow[]> => {
    const client = await server.connect();
    try {
      return (await client.query<QueryResultRow>(text, [`r:${room}`])).rows;
    } finally {
      await client.end();
    }
  };
  const signal = (name: NodeJS.Signals): void => {
    const { pid } = server;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const one of [String(pid), ...children]) if (one !== '') process.kill(Number(one), name);
  };
  return {
    store: { kind: 'postgres', url: server.urlOverNetwork },
    crash: () => server.crash(),
    start: () => server.start(),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    fill: () => {
      const fd = openSync(filler, 'w');
      const block = Buffer.alloc(65_536);
      try {
        for (;;) writeSync(fd, block);
      } catch (error) {
        if (!hasCode(error, 'ENOSPC')) throw error;
      } finally {
        closeSync(fd);
      }
    },
    free: () => rmSync(filler, { force: true }),
    packs: async (room) => {
      const rows = await query(
        'SELECT seq, body FROM fdmux.pack WHERE log = (SELECT id FROM fdmux.log WHERE name = $1) ORDER BY seq',
        room,
      );
      return rows.map((row) => {
        const decoded = decodePack(Buffer.from(String(row['body'])));
        if (decoded.kind !== 'pack') throw new Error(`pack ${String(row['seq'])} of ${room} is ${decoded.kind}`);
        return { seq: Number(row['seq']), entries: decoded.entries };
      });
    },
    history: async (room) => {
      const rows = await query(
        `SELECT text FROM fdmux.line WHERE log = (SELECT id FROM fdmux.log WHERE name = $1) AND kind = ${MESSAGE_KIND}
         ORDER BY seq, part`,
        room,
      );
      return rows.map((row) => String(row['text']));
    },
    close: async () => {
      await server.close();
      unmount();
    },
  };
}
