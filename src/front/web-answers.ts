/** The answer to each HTTP request: the page, its assets, the facts for it, or why not. Does no I/O. */
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import { type Representation, type Site, type SiteFile, toRepresentation } from './web-site.js';

/** A request, as far as it matters. */
export interface WebRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** An answer; its body is empty if the request was HEAD. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/** The contents that are served. */
export interface WebContents {
  readonly site: Site;
  /** The path of the WebSocket, with its slash. */
  readonly socketPath: string;
  /** Returns the facts that the page starts with; they can change while the server runs. */
  readonly facts: () => Readonly<Record<string, unknown>>;
}

/**
 * The page runs its own files alone, sends nothing elsewhere, and is in nobody's frame. Chromium and Firefox count the
 * WebSocket of the same host as `'self'`.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const FACTS_PATH = '/config.json';
const NOTHING = new Uint8Array(0);

/** Returns the path of a request's target, which may be a whole URL (RFC 9112, section 3.2). */
export function pathOf(target: string): string {
  const [, path = ''] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(target) ?? [];
  return path === '' && target !== '' ? '/' : path;
}

/** Answers a request that opens no WebSocket. */
export function answer(request: WebRequest, contents: WebContents): WebAnswer {
  const { method, path, headers } = request;
  const resource = find(path, contents);
  if (resource === null) return refusal(404);
  if (method !== 'GET' && (method !== 'HEAD' || resource === 'socket')) {
    return refusal(405, { allow: resource === 'socket' ? 'GET' : 'GET, HEAD' });
  }
  if (resource === 'socket') return refusal(426, { upgrade: 'websocket', connection: 'upgrade' });
  if (resource === 'missing') return refusal(503, {}, 'This copy of fdmux was built without its web page.');
  const found = present(resource, headers);
  return method === 'HEAD' ? { ...found, body: NOTHING } : found;
}

function find(path: string, { site, socketPath, facts }: WebContents): SiteFile | 'socket' | 'missing' | null {
  if (path === socketPath) return 'socket';
  if (path === FACTS_PATH) {
    const plain = toRepresentation(Buffer.from(JSON.stringify(facts())));
    return { type: 'application/json', cacheControl: 'no-store', plain, gzip: null };
  }
  return site.get(path) ?? (path === '/' ? 'missing' : null);
}

function present(file: SiteFile, headers: IncomingHttpHeaders): WebAnswer {
  const compressed = file.gzip !== null && acceptsGzip(headers['accept-encoding']) ? file.gzip : null;
  const { body, etag }: Representation = compressed ?? file.plain;
  const common = {
    ...SECURITY_HEADERS,
    etag,
    'cache-control': file.cacheControl,
    ...(file.gzip === null ? {} : { vary: 'accept-encoding' }),
  };
  if (isKnown(etag, headers['if-none-match'])) return { status: 304, headers: common, body: NOTHING };
  return {
    status: 200,
    headers: {
      ...common,
      'content-type': file.type,
      'content-length': body.length,
      ...(compressed === null ? {} : { 'content-encoding': 'gzip' }),
    },
    body,
  };
}

/** RFC 9110, section 12.5.3: a coding may have a weight, and one of zero forbids it. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '').split(',');
  return codings.some((coding) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)|$)/i.test(coding));
}

/** RFC 9110, section 13.1.2: the comparison is weak. */
function isKnown(etag: string, header: string | undefined): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}

/** Returns a short answer that says no. */
export function refusal(status: number, headers: OutgoingHttpHeaders = {}, text = STATUS_CODES[status]): WebAnswer {
  const body = Buffer.from(`${status} ${text}\n`);
  return {
    status,
    headers: {
      ...SECURITY_HEADERS,
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': body.length,
      ...headers,
    },
    body,
  };
}
