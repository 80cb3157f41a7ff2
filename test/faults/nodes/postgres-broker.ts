/** PostgreSQL as the broker of a run. */
import { readFileSync } from 'node:fs';
import type { QueryResultRow } from 'pg';
import { decodePack } from '../../../src/log/codec.js';
import { startPostgres } from '../../support/postgres.js';
import type { Broker } from './broker.js';
import { Disk } from './disk.js';
import type { Network } from './network.js';

/** What a history calls a message, see `LINE_KINDS`. */
const MESSAGE_KIND = 1;

/** Starts PostgreSQL on a machine. */
export async function postgresOn(network: Network, machine: string): Promise<Broker> {
  const disk = new Disk();
  try {
    return await postgresOnDisk(network, machine, disk);
  } catch (error) {
    disk.close();
    throw error;
  }
}

/** Starts PostgreSQL with its files on a disk, which goes with it. */
export async function postgresOnDisk(network: Network, machine: string, disk: Disk): Promise<Broker> {
  const settings = { fsync: 'on', synchronous_commit: 'on', max_connections: '50', shared_buffers: '16MB' };
  const place = { within: disk.folder, host: network.addressOf(machine), through: network.on(machine) };
  const server = await startPostgres(settings, place);
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
    loseEnd: () => {
      throw new Error('PostgreSQL loses nothing that it has acknowledged');
    },
    fill: () => {
      disk.fill();
    },
    free: () => {
      disk.free();
    },
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
      disk.close();
    },
  };
}
