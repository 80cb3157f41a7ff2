/** The files of the web page, in memory: they are few, and do not change while the server runs. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { hasCode } from '../errors.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};
const UNKNOWN_TYPE = 'application/octet-stream';
/** The name of an asset changes with its content, so no browser need ask again. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

/** One form of a file's content. */
export interface Representation {
  readonly body: Buffer;
  /** With its quotation marks. */
  readonly etag: string;
}

/** A file as it is served. */
export interface SiteFile {
  readonly type: string;
  readonly cacheControl: string;
  readonly plain: Representation;
  /** Null if compressing does not make it shorter. */
  readonly gzip: Representation | null;
}

/** The page and its assets, by path. */
export type Site = ReadonlyMap<string, SiteFile>;

/** The folder that the build writes; empty in a program that a bundler has made, which has no page. */
const SITE_FOLDER = typeof __dirname === 'string' ? join(__dirname, '..', 'web') : '';

let builtSite: Promise<Site> | null = null;

/**
 * Reads the page that belongs to this program, once: an upgrade has it before anybody waits, and listeners share it.
 *
 * @returns as {@link loadSite}
 * @throws if it is there but cannot be read; the next call tries again
 */
export function loadBuiltSite(): Promise<Site> {
  builtSite ??= loadSite(SITE_FOLDER).catch((error: unknown) => {
    builtSite = null;
    throw error;
  });
  return builtSite;
}

/**
 * Reads `index.html` as `/`, and the files in `assets/` under their names.
 *
 * @returns an empty site if the folder has no `index.html`
 */
export async function loadSite(folder: string): Promise<Site> {
  const site = new Map<string, SiteFile>();
  if (folder === '') return site;
  const page = await readIfThere(join(folder, 'index.html'));
  if (page === null) return site;
  site.set('/', await toSiteFile(page, '.html', ASK_AGAIN));
  const assets = join(folder, 'assets');
  for (const entry of await readdir(assets, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = await readFile(join(assets, entry.name));
    site.set(`/assets/${entry.name}`, await toSiteFile(content, extname(entry.name), FOR_EVER));
  }
  return site;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function toSiteFile(content: Buffer, extension: string, cacheControl: string): Promise<SiteFile> {
  const compressed = await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION });
  return {
    type: TYPES[extension] ?? UNKNOWN_TYPE,
    cacheControl,
    plain: toRepresentation(content),
    gzip: compressed.length < content.length ? toRepresentation(compressed) : null,
  };
}

/** Returns a body with a tag that is its own: a compressed form must not have the tag of the other. */
export function toRepresentation(body: Buffer): Representation {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
