/**
 * What an endpoint's URL may look like. Names are not resolved here: they may point elsewhere tomorrow, so their
 * addresses are judged at the moment of connecting. Literal addresses are judged here too, to say no early.
 */
import { isIP } from 'node:net';
import { OptionsError } from '../errors.ts';
import { type AddressPolicy, describeRefusal } from './address-policy.ts';
import { BAD_PORTS } from './bad-ports.ts';

/** Longest URL of an endpoint, in characters. */
export const MAX_URL_LENGTH = 2048;

/** The parts of an endpoint's URL that a transport needs, normalised. */
export interface EndpointTarget {
  /** `https://example.com:8443` */
  readonly origin: string;
  /** Path and query: `/hooks?key=1` */
  readonly path: string;
  /** The whole URL. */
  readonly href: string;
}

/** The rules that come from the dispatcher. */
export interface UrlRules {
  /** Judges literal addresses, and `localhost` as loopback. */
  readonly addressPolicy: AddressPolicy;
  /** Refuse `http:`. Default false. */
  readonly requireHttps?: boolean;
}

/** Whitespace, controls and invisible characters: URL parsers drop them silently, so two readers see two addresses. */
const INVISIBLE = /[\s\p{Cc}\p{Cf}]/u;

/**
 * Reads the URL of an endpoint. Messages never repeat the URL, which may be a credential by itself.
 *
 * @param path name of the field in messages: `url`
 * @throws OptionsError saying which rule was broken
 */
export function parseEndpointUrl(url: unknown, path: string, rules: UrlRules): EndpointTarget {
  const refuse = (problem: string): OptionsError => new OptionsError(path, `${path}: ${problem}.`);
  const text = readText(url, refuse);
  if (!URL.canParse(text)) throw refuse('expected an absolute URL like https://example.com/hooks');
  const parsed = new URL(text);
  if (rules.requireHttps === true && parsed.protocol !== 'https:')
    throw refuse('expected an https URL, got http');
  if (text.includes('#')) throw refuse('the part after # is never sent to a server; leave it out');
  if (authorityOf(text).includes('@')) {
    throw refuse(
      "user name and password in a URL are not supported; use auth: { type: 'basic', username: …, password: … } instead",
    );
  }
  if (parsed.port !== '' && BAD_PORTS.has(Number(parsed.port))) {
    throw refuse(
      `port ${parsed.port} belongs to another protocol and is closed to HTTP by the Fetch standard`,
    );
  }
  const problem = judgeHost(parsed.hostname, rules.addressPolicy);
  if (problem !== undefined) throw refuse(problem);
  const target = parsed.pathname + parsed.search;
  // Put together anew: `parsed.href` keeps a lone `?` that the path does not have.
  return { origin: parsed.origin, path: target, href: parsed.origin + target };
}

function readText(url: unknown, refuse: (problem: string) => OptionsError): string {
  if (typeof url !== 'string') {
    throw refuse(
      `expected a URL as a string, got ${url === null ? 'null' : `a value of type ${typeof url}`}`,
    );
  }
  if (url.length > MAX_URL_LENGTH) {
    throw refuse(`expected at most ${MAX_URL_LENGTH} characters, got ${url.length}`);
  }
  if (INVISIBLE.test(url))
    throw refuse('white space, control and invisible characters are not allowed; percent-encode them');
  if (url.includes('\\')) throw refuse('backslashes are not allowed; a URL is written with /');
  const scheme = url.slice(0, 8).toLowerCase();
  // Parsers repair `http:example.com` and `http:///example.com`; the repaired URL may not be the one that was meant.
  const rest = scheme === 'https://' ? url.slice(8) : scheme.startsWith('http://') ? url.slice(7) : '';
  if (rest === '' || rest.startsWith('/'))
    throw refuse('expected an absolute URL that starts with https:// or http://');
  return url;
}

/** What stands between `//` and the path, as written: the parsed URL no longer shows an empty user name. */
function authorityOf(text: string): string {
  const start = text.indexOf('//') + 2;
  for (let end = start; end < text.length; end += 1) {
    const character = text[end];
    if (character === '/' || character === '?') return text.slice(start, end);
  }
  return text.slice(start);
}

/** The host as URL parsers normalise it: octal, hexadecimal and short forms of IPv4 have become dotted ones. */
function judgeHost(hostname: string, policy: AddressPolicy): string | undefined {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isIP(address) !== 0) {
    const verdict = policy.judge(address);
    return verdict.allowed ? undefined : describeRefusal(verdict);
  }
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (name !== 'localhost' && !name.endsWith('.localhost')) return undefined;
  // Which of the two it resolves to is up to the machine; connecting judges the addresses of the answer again.
  if (policy.judge('127.0.0.1', name).allowed || policy.judge('::1', name).allowed) return undefined;
  return describeRefusal({
    allowed: false,
    why: `${hostname} is loopback`,
    allowWith: "127.0.0.0/8', '::1/128",
  });
}
