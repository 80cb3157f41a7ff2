/** Decides which pages may open a WebSocket: a browser says in `Origin` whose page asks (RFC 6455, section 10.2). */

/**
 * Without this check any page in the world could talk here as its visitor. Programs other than browsers send no origin,
 * and could send any.
 *
 * @param listed - further origins, each as a browser writes it: scheme, host, and port unless it is the default
 * @returns whether the page is on the same host, or listed, or the peer is not a browser
 */
export function isOriginAllowed(
  { origin, host }: { readonly origin?: string | undefined; readonly host?: string | undefined },
  listed: ReadonlySet<string>,
): boolean {
  if (origin === undefined || listed.has(origin)) return true;
  const page = parseUrl(origin);
  // The scheme is the page's: behind a proxy the server does not know its own, and with it the default port changes.
  const own = page === null || host === undefined ? null : parseUrl(`${page.protocol}//${host}`);
  return page !== null && page.host !== '' && page.host === own?.host;
}

/** Returns an origin as browsers write it; null if the text is not one. */
export function canonicalOrigin(text: string): string | null {
  const url = parseUrl(text);
  if (url === null || url.origin === 'null' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return null;
  return url.origin;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
