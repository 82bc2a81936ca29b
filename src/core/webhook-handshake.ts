/** The abuse protection of CloudEvents (HTTP Web Hooks 1.0, section 4): what is asked by OPTIONS, and which answer is a consent. */
import { describeValue } from './describe-value.ts';
import type { DeliverySettings, RateLimit } from './endpoint.ts';
import { OptionsError } from '../errors.ts';
import type { StoredResponse } from './stored-response.ts';
import type { VerificationVerdict } from './verification.ts';

/** Says who sends; with every delivery, too (4.1.2). */
export const ORIGIN_HEADER = 'webhook-request-origin';
const RATE_HEADER = 'webhook-request-rate';
const ALLOWED_ORIGIN_HEADER = 'webhook-allowed-origin';
const ALLOWED_RATE_HEADER = 'webhook-allowed-rate';

const MINUTE_MS = 60_000;
const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
/** More than anybody means; a number of more digits could not be counted. */
const RATE = /^0*[1-9]\d{0,8}$/;

/** @throws OptionsError for what is no DNS name */
export function validateOrigin(value: unknown, path: string): string {
  const isName =
    typeof value === 'string' &&
    value.length <= MAX_NAME_LENGTH &&
    value.split('.').every((label) => LABEL.test(label)) &&
    !/(^|\.)\d+$/.test(value);
  if (isName) return value;
  const hint = typeof value === 'string' && /[:/]/.test(value) ? ' Leave out scheme, port and path.' : '';
  throw new OptionsError(
    path,
    `${path}: expected a DNS name that stands for your system, such as "hooks.example.com", got ${describeValue(value)}.${hint}`,
  );
}

/**
 * The origin that an endpoint needs; `undefined` when it needs none.
 *
 * @throws OptionsError when there is none
 */
export function requireOrigin(
  { verification }: Pick<DeliverySettings, 'verification'>,
  origin: string | undefined,
  path: string,
): string | undefined {
  if (verification !== 'handshake') return undefined;
  if (origin !== undefined) return origin;
  throw new OptionsError(
    path,
    `${path}: a handshake tells the receiver who asks. Give the dispatcher the option handshakeOrigin, a DNS name such as "hooks.example.com".`,
  );
}

/** Requests per minute to be asked for; `undefined`: no number. */
export function requestedRate(rateLimit: RateLimit | undefined): number | undefined {
  if (rateLimit === undefined) return undefined;
  return Math.max(1, Math.floor((rateLimit.limit * MINUTE_MS) / rateLimit.intervalMs));
}

/** What asks for a rate, name and value in turn. */
export function handshakeRateHeaders(rate: number | undefined): readonly string[] {
  return rate === undefined ? [] : [RATE_HEADER, String(rate)];
}

/**
 * The consent of a receiver that takes everything, as headers of its answer (4.2); `undefined`: nobody asks.
 *
 * @param headers of the request, by name in lower case
 */
export function consentToHandshake(
  method: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const { [ORIGIN_HEADER]: origin, [RATE_HEADER]: rate } = headers;
  if (method !== 'OPTIONS' || origin === undefined) return undefined;
  return {
    allow: 'POST',
    [ALLOWED_ORIGIN_HEADER]: origin,
    ...(rate !== undefined && { [ALLOWED_RATE_HEADER]: '*' }),
  };
}

/**
 * Judges a success response by its headers: its status alone is no consent (4.2).
 *
 * @param rate what was asked for
 */
export function judgeHandshakeAnswer(
  { status, headers }: StoredResponse,
  origin: string,
  rate: number | undefined,
): VerificationVerdict {
  const no = (detail: string): VerificationVerdict => ({
    verified: false,
    reason: 'no_consent',
    detail,
    status,
    again: false,
  });
  const allowedOrigin = headers[ALLOWED_ORIGIN_HEADER]?.trim();
  if (allowedOrigin === undefined) return no('its answer to OPTIONS has no WebHook-Allowed-Origin header');
  // Names of DNS do not depend on case.
  if (allowedOrigin !== '*' && allowedOrigin.toLowerCase() !== origin.toLowerCase())
    return no(`its WebHook-Allowed-Origin is neither "${origin}" nor "*"`);
  const allowedRate = headers[ALLOWED_RATE_HEADER]?.trim();
  if (allowedRate === undefined)
    return rate === undefined
      ? { verified: true, status }
      : no(`its answer has no WebHook-Allowed-Rate header, and ${rate} requests per minute were asked for`);
  if (allowedRate === '*') return { verified: true, status };
  if (!RATE.test(allowedRate))
    return no('its WebHook-Allowed-Rate is neither "*" nor a number of at least 1');
  return { verified: true, status, allowedRate: Number(allowedRate) };
}
