/** Requests to a running server, and its answers: a line of JSON each. */
import { flag, list, oneOf, record, type Shape, text, whole } from '../log/shape.js';

/** The most bytes of a request, including its newline. */
export const MAX_REQUEST_BYTES = 65_536;
/** The most bytes of an answer, including its newline. */
export const MAX_ANSWER_BYTES = 16_777_216;
/** The version of the format, and the name of its field. */
const VERSION = 1;

/** One request. */
export interface Request {
  readonly verb: string;
  readonly words: readonly string[];
}

/** The result of a verb. */
export interface Reply {
  /** Lines for a person to read. */
  readonly text: readonly string[];
  /** The same as data that JSON can express. */
  readonly result: unknown;
}

/** Why a request has failed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export type Answer = ({ readonly ok: true } & Reply) | ({ readonly ok: false } & Failure);

/** Carries out the request of one word. It throws a {@link ControlError} if it refuses. */
export type Verb = (words: readonly string[]) => Reply | Promise<Reply>;

/** All requests that a server takes, by their words. */
export type Verbs = Readonly<Record<string, Verb>>;

export type ControlErrorCode =
  /** The request makes no sense. */
  | 'ERR_CONTROL_REQUEST'
  /** The server does not do this. */
  | 'ERR_CONTROL_REFUSED'
  /** No server answers. */
  | 'ERR_CONTROL_UNREACHABLE'
  /** The server has tried, and something went wrong. */
  | 'ERR_CONTROL_FAILED';

/** A request has failed; `code` says how. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: string;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const word = text(MAX_REQUEST_BYTES);
const anything: Shape<unknown> = (value): value is unknown => value !== undefined;
const isRequest = record<Request>({ verb: word, words: list(word, 1_000) });
const line = text(MAX_ANSWER_BYTES);
const isReply = record<{ readonly ok: boolean } & Reply>(
  { ok: flag, text: list(line, 1_000_000), result: anything },
  // Some versions say here, too, what the last line says.
  { leftOut: whole(1) },
);
const isFailure = record<{ readonly ok: boolean } & Failure>({ ok: flag, code: line, message: line });
const isVersion = oneOf(String(VERSION));

export function encodeRequest({ verb, words }: Request): string {
  return `${JSON.stringify({ fdmux: VERSION, verb, words })}\n`;
}

/** Reads a request. @throws ControlError: ERR_CONTROL_REQUEST */
export function decodeRequest(bytes: Uint8Array): Request {
  const written = parse(bytes);
  if (typeof written !== 'object' || written === null) throw malformed('it is no object in JSON');
  const { fdmux, ...request }: { readonly fdmux?: unknown } = written;
  if (!isVersion(String(fdmux))) throw malformed(`"fdmux" must be ${VERSION}, the version of the format`);
  if (!isRequest(request)) throw malformed('it must have "verb", a string, and "words", a list of strings');
  return request;
}

function malformed(why: string): ControlError {
  return new ControlError('ERR_CONTROL_REQUEST', `this is no request: ${why}`);
}

export function encodeAnswer(answer: Answer): string {
  return `${JSON.stringify(answer)}\n`;
}

/** Reads an answer. @returns null if it is not one */
export function decodeAnswer(bytes: Uint8Array): Answer | null {
  const written = parse(bytes);
  if (isReply(written)) return written.ok ? { ...written, ok: true } : null;
  return isFailure(written) && !written.ok ? { ...written, ok: false } : null;
}

/** Parses JSON in UTF-8; returns undefined, which JSON cannot express, if it is invalid. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
