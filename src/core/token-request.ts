/** Client credentials of OAuth 2 (RFC 6749, section 4.4): what is asked, and what the answer says. */
import { encodeBase64 } from './base64.ts';
import type { OAuth2Auth } from './endpoint-auth.ts';

/** A token request without its target. */
export interface TokenRequest {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

const utf8 = new TextEncoder();

export function buildTokenRequest(auth: OAuth2Auth, userAgent: string): TokenRequest {
  const { clientId, clientSecret, scope, audience, clientAuth = 'basic' } = auth;
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) form.set('scope', scope);
  if (audience !== undefined) form.set('audience', audience);
  const headers = [
    ...['content-type', 'application/x-www-form-urlencoded'],
    ...['accept', 'application/json'],
    ...['user-agent', userAgent],
  ];
  if (clientAuth === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  } else {
    // Section 2.3.1: both are form-encoded first, so that a colon in one of them means nothing.
    const credentials = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
    headers.push('authorization', `Basic ${encodeBase64(utf8.encode(credentials))}`);
  }
  return { headers, body: utf8.encode(form.toString()) };
}

function formEncode(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice('v='.length);
}

/** What a token server answered: a token, or why there is none, for people. */
export type TokenAnswer =
  | {
      readonly token: string;
      /** Undefined: the server does not say. */
      readonly lifetimeMs: number | undefined;
    }
  | { readonly problem: string };

/** The characters of a bearer token (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const MAX_TOKEN_LENGTH = 8 * 1024 - 'Bearer '.length;
/** The codes of errors in RFC 6749, 5.2. Anything else that a server says there is not repeated. */
const ERROR_CODE = /^[a-z_]{1,40}$/;

/** Whether a text can be sent as a bearer token. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && TOKEN.test(value);
}

/** Reads an answer strictly: what is not plainly a bearer token is none. */
export function readTokenAnswer(status: number, body: Uint8Array, isWhole: boolean): TokenAnswer {
  const answer = parseObject(body);
  if (status !== 200) {
    const error = answer?.['error'];
    const code = typeof error === 'string' && ERROR_CODE.test(error) ? ` (${error})` : '';
    return { problem: `it answered HTTP ${status}${code}` };
  }
  if (!isWhole) return { problem: 'its answer is too long, or broke off' };
  if (answer === undefined) return { problem: 'its answer is not a JSON object' };
  const { access_token: token, token_type: type, expires_in: seconds } = answer;
  if (!isBearerToken(token)) return { problem: 'its answer has no access_token that could be sent' };
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return { problem: 'the token_type of its answer is not Bearer' };
  return { token, lifetimeMs: readLifetime(seconds) };
}

/** Some servers give the number as text. */
function readLifetime(seconds: unknown): number | undefined {
  const value = typeof seconds === 'string' && /^\d{1,10}$/.test(seconds) ? Number(seconds) : seconds;
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value * 1000 : undefined;
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
