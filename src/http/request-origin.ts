/** Requests that a browser makes on behalf of some other site. */

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Why an unsafe request is refused; `undefined` when it is not. What a browser says of where a request comes from cannot
 * be set by the page that makes it. A request with a cookie must say it; one without may come from no browser at all.
 *
 * @param allowedOrigins origins other than its own that may
 */
export function refuseOrigin(request: Request, allowedOrigins: ReadonlySet<string>): string | undefined {
  if (SAFE_METHODS.has(request.method)) return undefined;
  const origin = request.headers.get('origin');
  if (origin !== null && allowedOrigins.has(origin)) return undefined;
  const site = request.headers.get('sec-fetch-site');
  if (site !== null)
    return site === 'same-origin' || site === 'none'
      ? undefined
      : `it comes from another site (Sec-Fetch-Site: ${word(site)})`;
  if (origin !== null) return isOwn(origin, request) ? undefined : 'its Origin is not that of this API';
  if (request.headers.has('cookie')) return 'it has a cookie, and neither Sec-Fetch-Site nor Origin';
  return undefined;
}

/** By the host alone: behind a proxy that ends TLS the schemes differ. */
function isOwn(origin: string, request: Request): boolean {
  if (!URL.canParse(origin)) return false;
  const host = request.headers.get('host') ?? new URL(request.url).host;
  return new URL(origin).host === host.toLowerCase();
}

function word(text: string): string {
  return /^[a-z-]{1,20}$/.test(text) ? text : 'unknown';
}
