/** Longest path segment that is shown; tokens in paths are longer. */
const MAX_SEGMENT_LENGTH = 20;
const SHOWN_SEGMENTS = 2;

/**
 * A URL for logs and error messages: origin and at most two short path segments, `https://example.com/hooks/…`.
 * Credentials and query are left out, and so is the rest of the path: some services (Slack, Discord) put their secret
 * there. Never throws.
 */
export function maskUrl(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const { protocol, host, pathname, search } = new URL(url);
  const segments = pathname.split('/').slice(1);
  const shown: string[] = [];
  for (const segment of segments.slice(0, SHOWN_SEGMENTS)) {
    if (segment.length > MAX_SEGMENT_LENGTH) break;
    shown.push(segment);
  }
  const path = shown.join('/');
  const isCut = shown.length < segments.length;
  return `${protocol}//${host}/${path}${isCut ? (path === '' ? '…' : '/…') : ''}${search === '' ? '' : '?…'}`;
}
