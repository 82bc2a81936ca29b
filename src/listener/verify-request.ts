/**
 * Signature checks for test receivers, written against the published schemes and not against our signer, so that a
 * mistake in the signer does not verify itself.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

/** How a receiver checks signatures. */
export interface VerifyOptions {
  /** The endpoint's secret, or its public key `whpk_…`; several during a rotation, any of which may match. */
  readonly secret: string | readonly string[];
  /**
   * - `standard` (default): Standard Webhooks: `v1`, secret in base64 with or without `whsec_`; `v1a` where a public key
   *   `whpk_…` is given
   * - `github`: HMAC of the body in `x-hub-signature-256`, as `sha256=<hex>`
   * - `stripe`: HMAC of `<t>.<body>` in `stripe-signature`, as `t=<seconds>,v1=<hex>`
   * - `shopify`: HMAC of the body in `x-shopify-hmac-sha256`, in base64
   * - `hex`: HMAC of the body in hex
   * - `timestamped-hex`: HMAC of `<timestamp>.<body>` in hex
   */
  readonly scheme?: 'standard' | 'github' | 'stripe' | 'shopify' | 'hex' | 'timestamped-hex';
  /** Header of the signature, for `hex` and `timestamped-hex`. Default `x-webhook-signature`. */
  readonly header?: string;
  /** Text before the hex digits, for `hex` and `timestamped-hex`. Default none. */
  readonly prefix?: string;
  /** Header of the unix seconds, for `timestamped-hex`. Default `x-webhook-timestamp`. */
  readonly timestampHeader?: string;
  /**
   * How far the timestamp may be from `now`, in either direction, in milliseconds. Default 300000 (5 min). 0 allows
   * the same second only, `Infinity` any time.
   */
  readonly toleranceMs?: number;
  /** The receiver's time, epoch ms. Default: the machine's. Tests with a manual clock pass its `now`. */
  readonly now?: () => number;
}

/** Outcome of a signature check; `why` is for people. */
export type Verification = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** What is checked: header names in lower case, the body as it came. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Checks the signature of a request. Never throws for what a request contains. */
export function verifyRequest(request: SignedRequest, options: VerifyOptions): Verification {
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  const check = CHECKS[options.scheme ?? 'standard'];
  return check(request, secrets, options);
}

type Check = (request: SignedRequest, secrets: readonly string[], options: VerifyOptions) => Verification;

const CHECKS: Readonly<Record<NonNullable<VerifyOptions['scheme']>, Check>> = {
  standard: verifyStandard,
  github: (request, secrets) =>
    verifyPlain(request, secrets, { header: 'x-hub-signature-256', prefix: 'sha256=' }),
  stripe: verifyStripe,
  shopify: (request, secrets) =>
    verifyPlain(request, secrets, { header: 'x-shopify-hmac-sha256', encoding: 'base64' }),
  hex: (request, secrets, options) =>
    verifyPlain(request, secrets, { header: options.header ?? DEFAULT_HEADER, prefix: options.prefix ?? '' }),
  'timestamped-hex': verifyTimestampedHex,
};

const DEFAULT_HEADER = 'x-webhook-signature';
const DEFAULT_TIMESTAMP_HEADER = 'x-webhook-timestamp';
const DEFAULT_TOLERANCE_MS = 5 * 60 * 1000;

function verifyStandard(
  request: SignedRequest,
  secrets: readonly string[],
  options: VerifyOptions,
): Verification {
  const {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures,
  } = request.headers;
  if (id === undefined || signatures === undefined)
    return refuse('webhook-id or webhook-signature is missing');
  const problem = judgeTimestamp(timestamp, 'webhook-timestamp', options);
  if (problem !== undefined) return refuse(problem);
  const entries = signatures.split(' ');
  const signedPrefix = `${id}.${timestamp}.`;
  const publicKeys = secrets.filter((secret) => secret.startsWith(PUBLIC_KEY_PREFIX));
  const expected = secrets
    .filter((secret) => !publicKeys.includes(secret))
    .map((secret) => {
      const key = Buffer.from(secret.startsWith('whsec_') ? secret.slice(6) : secret, 'base64');
      return hmac(key, signedPrefix, request.body).toString('base64');
    });
  const content = Buffer.concat([Buffer.from(signedPrefix), request.body]);
  const isAsymmetric = entriesOf(entries, 'v1a,').some((signature) =>
    publicKeys.some((key) => isSignedBy(key, content, signature)),
  );
  return isAsymmetric ? { ok: true } : anyMatch(entriesOf(entries, 'v1,'), expected, 'webhook-signature');
}

const PUBLIC_KEY_PREFIX = 'whpk_';
const PUBLIC_KEY_BYTES = 32;
/** An ed25519 public key in DER, up to its 32 bytes (RFC 8410). */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

function isSignedBy(publicKey: string, content: Uint8Array, signature: string): boolean {
  const bytes = Buffer.from(publicKey.slice(PUBLIC_KEY_PREFIX.length), 'base64');
  if (bytes.length !== PUBLIC_KEY_BYTES) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEADER, bytes]), format: 'der', type: 'spki' });
  return verify(null, content, key, Buffer.from(signature, 'base64'));
}

/** What follows the prefix in those entries that have it. */
function entriesOf(entries: readonly string[], prefix: string): readonly string[] {
  return entries.flatMap((entry) => (entry.startsWith(prefix) ? [entry.slice(prefix.length)] : []));
}

function verifyStripe(
  request: SignedRequest,
  secrets: readonly string[],
  options: VerifyOptions,
): Verification {
  const entries = request.headers[STRIPE_HEADER]?.split(',');
  if (entries === undefined) return refuse(`${STRIPE_HEADER} is missing`);
  const [timestamp] = entriesOf(entries, 't=');
  const problem = judgeTimestamp(timestamp, `t of ${STRIPE_HEADER}`, options);
  if (problem !== undefined) return refuse(problem);
  const expected = secrets.map((secret) => hmac(secret, `${timestamp}.`, request.body).toString('hex'));
  return anyMatch(entriesOf(entries, 'v1='), expected, STRIPE_HEADER);
}

const STRIPE_HEADER = 'stripe-signature';

function verifyTimestampedHex(
  request: SignedRequest,
  secrets: readonly string[],
  options: VerifyOptions,
): Verification {
  const name = (options.timestampHeader ?? DEFAULT_TIMESTAMP_HEADER).toLowerCase();
  const timestamp = request.headers[name];
  const problem = judgeTimestamp(timestamp, name, options);
  if (problem !== undefined) return refuse(problem);
  const { header = DEFAULT_HEADER, prefix = '' } = options;
  return verifyPlain(request, secrets, { header, prefix, signedPrefix: `${timestamp}.` });
}

interface PlainFormat {
  readonly header: string;
  readonly prefix?: string;
  readonly signedPrefix?: string;
  readonly encoding?: 'hex' | 'base64';
}

function verifyPlain(
  request: SignedRequest,
  secrets: readonly string[],
  { header, prefix = '', signedPrefix = '', encoding = 'hex' }: PlainFormat,
): Verification {
  const value = request.headers[header.toLowerCase()];
  if (value === undefined) return refuse(`${header} is missing`);
  const expected = secrets.map(
    (secret) => prefix + hmac(secret, signedPrefix, request.body).toString(encoding),
  );
  return anyMatch([value], expected, header);
}

function judgeTimestamp(
  timestamp: string | undefined,
  name: string,
  options: VerifyOptions,
): string | undefined {
  if (timestamp === undefined) return `${name} is missing`;
  if (!/^[1-9][0-9]{0,11}$/.test(timestamp)) return `${name} is not a number of seconds`;
  const nowSeconds = Math.floor((options.now ?? Date.now)() / 1000);
  const distanceMs = Math.abs(nowSeconds - Number(timestamp)) * 1000;
  const toleranceMs = options.toleranceMs ?? DEFAULT_TOLERANCE_MS;
  return distanceMs > toleranceMs ? `${name} is ${distanceMs} ms away from the receiver's time` : undefined;
}

function hmac(key: string | Buffer, prefix: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(prefix, 'utf8').update(body).digest();
}

function anyMatch(offered: readonly string[], expected: readonly string[], header: string): Verification {
  const isValid = offered.some((value) => expected.some((candidate) => isEqual(value, candidate)));
  return isValid ? { ok: true } : refuse(`${header} does not match the body`);
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  // timingSafeEqual throws for different lengths.
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(why: string): Verification {
  return { ok: false, why };
}
