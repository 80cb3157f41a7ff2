/** The documentation site, built if it is stale, behind a web server of the test. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { nextEvent } from '../support/deadline.js';
import { projectPath } from '../support/processes.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

let built: Promise<string> | null = null;

/** Builds the site unless it is newer than all that it is made of, and returns its folder. */
export function builtSite(): Promise<string> {
  return (built ??= build());
}

async function build(): Promise<string> {
  const folder = projectPath('.cache/test-site');
  await promisify(execFile)(process.execPath, [projectPath('scripts/site.mjs'), '--out', folder, '--if-stale']);
  return folder;
}

/** Serves the site for the current test, below a path as GitHub Pages does; returns the address of its root. */
export async function serveSite(): Promise<string> {
  const folder = await builtSite();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = join(folder, pathname.replace(/^\/fdmux\//, '').replace(/\/$/, '/index.html'));
    if (!pathname.startsWith('/fdmux/') || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(readFileSync(path));
  });
  server.listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `http://127.0.0.1:${address.port}/fdmux/`;
}
