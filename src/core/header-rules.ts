/**
 * Which headers an endpoint may have. What an HTTP client refuses, or what would change how a request is read, is
 * refused when it is given: at the first attempt it would fail every delivery of the endpoint, for ever.
 */
import { OptionsError } from '../errors.ts';
import { describeType } from './describe-value.ts';
import { expectObject, unexpected, unexpectedWord } from './expect-value.ts';

/** Most headers of one kind, static or computed, that an endpoint may have. */
export const MAX_HEADERS = 64;
/** Longest header value, in bytes (one per character: values are Latin-1). */
export const MAX_HEADER_VALUE_LENGTH: number = 8 * 1024;
const MAX_HEADER_NAME_LENGTH = 256;

/** A token of RFC 9110. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What HTTP clients refuse in a value: control characters but tab, and what is no byte. */
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Headers that describe the message or the connection: Posthorn or its HTTP client writes them, and nobody else. */
const RESERVED: Readonly<Record<string, string>> = {
  host: 'it follows from the url',
  'content-length': 'it follows from the body',
  'content-encoding': 'bodies are sent as they are signed',
  'transfer-encoding': 'the connection decides it',
  connection: 'the connection decides it',
  'keep-alive': 'the connection decides it',
  upgrade: 'the connection decides it',
  te: 'the connection decides it',
  trailer: 'the connection decides it',
  trailers: 'the connection decides it',
  expect: 'HTTP clients refuse it',
  'accept-encoding': 'responses are not decompressed',
  'user-agent': 'set the option userAgent instead',
  traceparent: 'it comes with the message: emit option traceparent',
  tracestate: 'it comes with the message: emit option tracestate',
  cookie: 'requests of different endpoints share connections and must carry no session',
};

const RESERVED_PREFIXES: Readonly<Record<string, string>> = {
  'proxy-': 'it is meant for proxies',
  'webhook-': 'it belongs to the signature scheme standard',
};

/** What else is known about a request when its static headers are checked. */
export interface HeaderSurroundings {
  /** Names in lower case that other parts of the request write, each with who does: `signature scheme "github"`. */
  readonly alsoReserved?: ReadonlyMap<string, string>;
  /**
   * Content type of the envelope. A static content-type that equals it is accepted and left out of the result; any other
   * is refused. Left out: not known yet, so every content-type is accepted and kept.
   */
  readonly contentType?: string;
}

/**
 * Checks static headers, given as an object of names and values, and returns them as they will be sent.
 *
 * @throws OptionsError. Messages show names, never values: those may be credentials
 */
export function validateHeaders(
  headers: unknown,
  path: string,
  { alsoReserved, contentType }: HeaderSurroundings = {},
): Readonly<Record<string, string>> {
  const kept: [name: string, value: string][] = [];
  for (const [name, value] of headerEntries(headers, path, 'value')) {
    const at = headerPath(path, name);
    const text = validateHeaderValue(name, value, at);
    const key = name.toLowerCase();
    if (key === 'content-type') {
      if (contentType !== undefined && normalizeContentType(text) === normalizeContentType(contentType))
        continue;
      if (contentType !== undefined)
        throw refuseHeader(at, name, `the envelope writes it, as ${contentType}`);
    }
    refuseReserved(key, name, at, alsoReserved);
    kept.push([name, text]);
  }
  return Object.fromEntries(kept);
}

/**
 * Checks computed headers, given as an object of header names and names of values: `{ 'X-Event': 'message.type' }`.
 *
 * @param customNames names registered under `functions.header`; left out, every name passes
 * @throws OptionsError
 */
export function validateComputedHeaders(
  headers: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const what = 'the name of a computed value, or of a function registered under functions.header';
  const entries = headerEntries(headers, path, 'name of a value');
  for (const [name, source] of entries) {
    const at = headerPath(path, name);
    const key = name.toLowerCase();
    if (key === 'content-type') throw refuseHeader(at, name, 'the envelope writes it');
    refuseReserved(key, name, at);
    if (typeof source !== 'string' || source === '') throw unexpected(at, what, source);
    if (!Object.hasOwn(COMPUTED_HEADERS, source) && customNames?.has(source) === false) {
      throw unexpectedWord(at, what, [...Object.keys(COMPUTED_HEADERS), ...customNames], source);
    }
  }
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

/**
 * Checks the name of a header that a signature scheme is told to write.
 *
 * @throws OptionsError
 */
export function validateHeaderName(name: unknown, path: string): string {
  if (typeof name !== 'string' || name.length > MAX_HEADER_NAME_LENGTH || !NAME.test(name)) {
    throw unexpected(path, "a header name of letters, digits and !#$%&'*+-.^_`|~", name);
  }
  const key = name.toLowerCase();
  // A scheme may write webhook-… headers: that is what they are for.
  if (key === 'content-type') throw refuseHeader(path, name, 'the envelope writes it');
  if (!key.startsWith('webhook-')) refuseReserved(key, name, path);
  return name;
}

/**
 * Checks a header value: static, computed at run time, or written by a named function.
 *
 * @throws OptionsError that names the header, never its value
 */
export function validateHeaderValue(name: string, value: unknown, path: string = name): string {
  if (typeof value !== 'string') {
    throw new OptionsError(
      path,
      `${path}: expected a string as value of the header ${name}, got ${describeType(value)}.`,
    );
  }
  if (value.length > MAX_HEADER_VALUE_LENGTH) {
    throw new OptionsError(
      path,
      `${path}: expected at most ${MAX_HEADER_VALUE_LENGTH} characters as value of the header ${name}, got ${value.length}.`,
    );
  }
  const position = value.search(FORBIDDEN_IN_VALUE);
  if (position >= 0) {
    const code = value.codePointAt(position)!.toString(16).toUpperCase().padStart(4, '0');
    throw new OptionsError(
      path,
      `${path}: expected Latin-1 text without control characters as value of the header ${name}, got U+${code} at position ${position}.`,
    );
  }
  return value;
}

/** What a computed header can be made from. */
export interface ComputedHeaderSource {
  readonly message: { readonly id: string; readonly type: string };
  readonly endpoint: { readonly id: string };
  readonly deliveryId: string;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** Time of the attempt in unix seconds: the one that is signed. */
  readonly timestamp: number;
}

/** Built-in values for computed headers, by name. */
export const COMPUTED_HEADERS: Readonly<Record<string, (source: ComputedHeaderSource) => string>> = {
  'message.id': (source) => source.message.id,
  'message.type': (source) => source.message.type,
  'endpoint.id': (source) => source.endpoint.id,
  'delivery.id': (source) => source.deliveryId,
  attempt: (source) => String(source.attempt),
  timestamp: (source) => String(source.timestamp),
};

function headerEntries(
  headers: unknown,
  path: string,
  of: string,
): readonly [name: string, value: unknown][] {
  const entries = Object.entries(
    expectObject(headers, path, `an object of header names, each with its ${of}`),
  );
  if (entries.length > MAX_HEADERS) {
    throw new OptionsError(path, `${path}: expected at most ${MAX_HEADERS} headers, got ${entries.length}.`);
  }
  const seen = new Map<string, string>();
  for (const [name] of entries) {
    if (name.length > MAX_HEADER_NAME_LENGTH || !NAME.test(name)) {
      throw unexpected(path, "header names of letters, digits and !#$%&'*+-.^_`|~", name);
    }
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      throw new OptionsError(headerPath(path, name), `${path}: ${twin} and ${name} are the same header.`);
    seen.set(name.toLowerCase(), name);
  }
  return entries;
}

function refuseReserved(
  key: string,
  name: string,
  path: string,
  alsoReserved?: ReadonlyMap<string, string>,
): void {
  if (Object.hasOwn(RESERVED, key)) throw refuseHeader(path, name, RESERVED[key]!);
  for (const [prefix, reason] of Object.entries(RESERVED_PREFIXES)) {
    if (key.startsWith(prefix)) throw refuseHeader(path, name, reason);
  }
  const writer = alsoReserved?.get(key);
  if (writer !== undefined) throw refuseHeader(path, name, `${writer} writes it`);
}

/** The error for a header that cannot be set, with the reason. */
export function refuseHeader(path: string, name: string, reason: string): OptionsError {
  return new OptionsError(path, `${path}: the header ${name} cannot be set here: ${reason}.`);
}

/** Path of one header in messages: `headers["X-Event"]`. */
export function headerPath(path: string, name: string): string {
  return `${path}[${JSON.stringify(name)}]`;
}

/** Types and parameter names do not depend on case, and white space around `;` means nothing. */
function normalizeContentType(contentType: string): string {
  return contentType
    .toLowerCase()
    .replace(/\s*;\s*/g, ';')
    .trim();
}
