/**
 * Signature checks for test receivers, written against the published schemes and not against our signer, so that a
 * mistake in the signer does not verify itself.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How a receiver checks signatures. */
export interface VerifyOptions {
  /** The endpoint's secret; several during a rotation, any of which may match. */
  readonly secret: string | readonly string[];
  /**
   * - `standard` (default): Standard Webhooks `v1`, secret in base64 with or without `whsec_`
   * - `github`: HMAC of the body in `x-hub-signature-256`, as `sha256=<hex>`
   * - `hex`: HMAC of the body in hex
   * - `timestamped-hex`: HMAC of `<timestamp>.<body>` in hex
   */
  readonly scheme?: 'standard' | 'github' | 'hex' | 'timestamped-hex';
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
  github: (request, secrets) => verifyHex(request, secrets, 'x-hub-signature-256', 'sha256=', ''),
  hex: (request, secrets, options) =>
    verifyHex(request, secrets, options.header ?? DEFAULT_HEADER, options.prefix ?? '', ''),
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
  const offered = signatures.split(' ').flatMap((entry) => (entry.startsWith('v1,') ? [entry.slice(3)] : []));
  const expected = secrets.map((secret) => {
    const key = Buffer.from(secret.startsWith('whsec_') ? secret.slice(6) : secret, 'base64');
    return hmac(key, `${id}.${timestamp}.`, request.body).toString('base64');
  });
  return anyMatch(offered, expected, 'webhook-signature');
}

function verifyTimestampedHex(
  request: SignedRequest,
  secrets: readonly string[],
  options: VerifyOptions,
): Verification {
  const name = (options.timestampHeader ?? DEFAULT_TIMESTAMP_HEADER).toLowerCase();
  const timestamp = request.headers[name];
  const problem = judgeTimestamp(timestamp, name, options);
  if (problem !== undefined) return refuse(problem);
  return verifyHex(request, secrets, options.header ?? DEFAULT_HEADER, options.prefix ?? '', `${timestamp}.`);
}

function verifyHex(
  request: SignedRequest,
  secrets: readonly string[],
  header: string,
  prefix: string,
  signedPrefix: string,
): Verification {
  const value = request.headers[header.toLowerCase()];
  if (value === undefined) return refuse(`${header} is missing`);
  const expected = secrets.map((secret) => prefix + hmac(secret, signedPrefix, request.body).toString('hex'));
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
