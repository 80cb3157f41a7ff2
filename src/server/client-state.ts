/** A client as plain data: what another process needs, beside its fd, to go on with it. */
import { SESSION_STATE_VERSION, type SessionState } from '../protocol/session-state.js';

/** One client, as JSON can hold it. */
export interface ClientState {
  /** The peer's address, as the client has been known by. */
  readonly host: string;
  readonly port: number;
  /** Bytes in base64 that it was to be sent next, after what its connection holds already. */
  readonly unsent: string;
  readonly session: SessionState;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function hasTypes(value: unknown, types: Readonly<Record<string, string>>): value is object {
  return isObject(value) && Object.entries(types).every(([key, type]) => typeof Reflect.get(value, key) === type);
}

/** Whether a value has the shape of a client's state, in the version that this program writes. */
export function isClientState(value: unknown): value is ClientState {
  if (!hasTypes(value, { host: 'string', port: 'number', unsent: 'string', session: 'object' })) return false;
  const session = 'session' in value ? value.session : null;
  if (!hasTypes(session, { version: 'number', protocol: 'string', input: 'object', irc: 'object', member: 'object' })) {
    return false;
  }
  if (!('version' in session && session.version === SESSION_STATE_VERSION)) return false;
  const input = 'input' in session ? session.input : null;
  return hasTypes(input, { rest: 'string', isDiscarding: 'boolean', waiting: 'string' });
}
