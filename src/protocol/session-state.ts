/** The state of a session as plain data. Another process can go on from it. */
import type { MemberDescription } from '../chat/member.js';
import type { Charset } from './charset.js';

/** The version of {@link SessionState}. A process restores no other. */
export const SESSION_STATE_VERSION = 1;

/** Input that has been received and has not run. Bytes are in base64. */
export interface InputState {
  /** The bytes of a line that has not ended. */
  readonly rest: string;
  /** Whether that line is too long already, and what is left of it is dropped. */
  readonly isDiscarding: boolean;
  /** Lines that wait for their turn, each with LF after it. */
  readonly waiting: string;
  /** The first bytes, while they may still show that the peer speaks another protocol; null afterwards. */
  readonly opening: string | null;
  /** Lines that may run at once; null without a limit. */
  readonly tokens: number | null;
}

/** Everything that an IRC client that has not registered has said about itself. */
export interface RegistrationState {
  readonly nick: string | null;
  readonly user: string | null;
  readonly realName: string;
  /** The facts that it gives about itself. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  readonly password: string | null;
  readonly isNegotiating: boolean;
  readonly commands: number;
  readonly lines: number;
  readonly bytes: number;
}

/** The state that only an IRC session has. */
export interface IrcPart {
  /** Since when it is connected, in milliseconds since the epoch; not given by processes that did not note it. */
  readonly sinceMs?: number;
  /** By their names. */
  readonly capabilities: readonly string[];
  /** The account that it is logged in to; null, or not given, without one. */
  readonly account?: string | null;
  /** Null once it has registered. */
  readonly registration: RegistrationState | null;
  /** Since when nothing has been heard of it, and when it was pinged, in milliseconds since the epoch. */
  readonly heardMs: number;
  readonly pingedMs: number | null;
  /** The nicks that it monitors. */
  readonly monitored: readonly string[];
  /** The keys of metadata that it has subscribed to. */
  readonly subscriptions: readonly string[];
}

/** One session, as JSON can hold it. */
export interface SessionState {
  readonly version: typeof SESSION_STATE_VERSION;
  readonly protocol: 'plain' | 'irc';
  /** The charset that was found out, or is its listener's; null as long as it is not known. */
  readonly charset: Charset | null;
  readonly input: InputState;
  /** Null until it has been admitted. */
  readonly member: MemberDescription | null;
  /** Null for a plain session. */
  readonly irc: IrcPart | null;
}

const NOTHING = new Uint8Array(0);

/** Puts bytes into JSON. Most clients have none, and all wait while they are described. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  return text === '' ? NOTHING : Buffer.from(text, 'base64');
}
