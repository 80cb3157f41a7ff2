/** PostgreSQL's protocol, by the package pg: connections, statements and rows. */
/** The types of a statement's parameter. */
export type Parameter =
  string | number | boolean | Uint8Array | null | readonly (string | number | null)[] | readonly (readonly string[])[];

/** A statement. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly Parameter[];
  /** The database keeps its plan for the text under this name. */
  readonly name?: string;
}

/** A message on a channel that is listened to. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
  /** The process of the database that serves the sender. */
  readonly sender: number;
}

/** The observer of one connection. */
export interface ConnectionListener {
  notified(notification: Notification): void;
  /** The connection has ended by itself. It is called once. */
  lost(why: Error): void;
}

/** One connection. Statements must not overlap. */
export interface PostgresConnection {
  /** @returns the rows; an error leaves the connection usable unless it is lost */
  query(statement: Statement): Promise<readonly object[]>;
  /** Ends it at once, whatever is under way. */
  destroy(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The OID of bigint. */
const INT8 = 20;

/** Loads the package pg, which each connection needs. */
export async function loadDriver(): Promise<void> {
  await import('pg');
}

/** Connects to the database of a URL. @throws the error of the database or of the network; it never has the password */
export async function connect(url: string, listener: ConnectionListener): Promise<PostgresConnection> {
  const { default: pg } = await import('pg');
  const types = new pg.TypeOverrides();
  // Numbers of packs and times are exact as doubles.
  types.setTypeParser(INT8, Number);
  const client = new pg.Client({
    connectionString: url,
    application_name: 'fdmux',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  });
  let isOver = false;
  const lost = (why: Error): void => {
    if (isOver) return;
    isOver = true;
    listener.lost(why);
  };
  client.on('error', lost);
  client.on('end', () => {
    lost(new Error('the connection has ended'));
  });
  client.on('notification', ({ channel, payload = '', processId }) => {
    listener.notified({ channel, payload, sender: processId });
  });
  const destroy = (): void => {
    isOver = true;
    // With a statement under way, this waits for nothing.
    client.end().catch(() => undefined);
  };
  try {
    await client.connect();
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    query: async ({ text, values = [], name }) => {
      const { rows } = await client.query<object>({ text, values: [...values], ...(name !== undefined && { name }) });
      return rows;
    },
    destroy,
  };
}
