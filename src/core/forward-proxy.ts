import { OptionsError } from '../errors.ts';
import { encodeBase64 } from './base64.ts';
import { describeType } from './describe-value.ts';

const EXPECTED =
  "the URL of a forward proxy, such as 'http://proxy.internal:4750' or 'http://user:password@proxy:4750'";

/**
 * A forward proxy that all requests go through. Its credentials are in no enumerable member: neither inspecting nor
 * serialising it shows them.
 */
export interface ForwardProxy {
  /** How it is spoken to; `https:` is TLS to the proxy, whatever the receivers speak. */
  readonly protocol: 'http:' | 'https:';
  /** Name or address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Value of the `proxy-authorization` header; undefined without credentials. */
  readonly authorization: string | undefined;
}

class DiscreetProxy implements ForwardProxy {
  readonly protocol: 'http:' | 'https:';
  readonly hostname: string;
  readonly port: number;
  readonly #authorization: string | undefined;

  constructor(url: URL, authorization: string | undefined) {
    this.protocol = url.protocol as 'http:' | 'https:';
    this.hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.port = Number(url.port === '' ? DEFAULT_PORTS[this.protocol] : url.port);
    this.#authorization = authorization;
  }

  get authorization(): string | undefined {
    return this.#authorization;
  }
}

const DEFAULT_PORTS = { 'http:': 80, 'https:': 443 } as const;

/**
 * Reads the option `network.proxy`. Messages never show it: it may hold a password.
 *
 * @throws OptionsError saying what is wrong with it
 */
export function parseForwardProxy(value: unknown, path: string): ForwardProxy {
  const refuse = (problem: string): OptionsError => new OptionsError(path, `${path}: ${problem}.`);
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string') throw refuse(`expected ${EXPECTED}, got ${describeType(value)}`);
  if (!URL.canParse(text)) throw refuse(`expected ${EXPECTED}, got something that is no URL`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refuse(
      `expected ${EXPECTED}, got a URL of another scheme (only http: and https: proxies are supported)`,
    );
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw refuse('a proxy has no path, query or fragment; leave them out');
  return new DiscreetProxy(url, readAuthorization(url, refuse));
}

function readAuthorization(url: URL, refuse: (problem: string) => OptionsError): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${encodeBase64(new TextEncoder().encode(credentials))}`;
  } catch {
    throw refuse('user name and password must be percent-encoded');
  }
}
