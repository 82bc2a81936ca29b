/** The setting `auth`, ready to use. */
import { createHash } from 'node:crypto';
import { encodeBase64 } from '../core/base64.ts';
import type { EndpointAuth, OAuth2Auth } from '../core/endpoint-auth.ts';
import type { TokenFunction } from '../core/functions.ts';
import { buildTokenRequest } from '../core/token-request.ts';
import { parseEndpointUrl, type UrlRules } from '../core/url-rules.ts';
import type { RequestTls } from '../transport/transport.ts';
import type { NamedFunction } from './named-function.ts';
import type { TokenClient } from './token-source.ts';

/** Where the value of the `authorization` header comes from. */
export type AuthPlan =
  | { readonly kind: 'fixed'; readonly value: string }
  | { readonly kind: 'function'; readonly token: NamedFunction<TokenFunction> }
  | { readonly kind: 'oauth2'; readonly client: TokenClient };

export interface AuthSurroundings {
  readonly tokenFunction: (name: string) => NamedFunction<TokenFunction>;
  readonly urlRules: UrlRules;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly tls: RequestTls | undefined;
}

/** Largest answer of a token server, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** @throws OptionsError naming `path.tokenUrl` when it must not be connected to */
export function planAuth(
  auth: EndpointAuth | false,
  path: string,
  surroundings: AuthSurroundings,
): AuthPlan | undefined {
  if (auth === false) return undefined;
  switch (auth.type) {
    case 'basic': {
      const credentials = new TextEncoder().encode(`${auth.username}:${auth.password}`);
      return { kind: 'fixed', value: `Basic ${encodeBase64(credentials)}` };
    }
    case 'bearer':
      return { kind: 'function', token: surroundings.tokenFunction(auth.token) };
    case 'oauth2':
      return { kind: 'oauth2', client: planTokens(auth, path, surroundings) };
  }
}

function planTokens(
  auth: OAuth2Auth,
  path: string,
  { urlRules, userAgent, timeoutMs, tls }: AuthSurroundings,
): TokenClient {
  const target = parseEndpointUrl(auth.tokenUrl, `${path}.tokenUrl`, urlRules);
  const { clientId, clientSecret, scope, audience, clientAuth } = auth;
  const identity = [target.href, clientId, clientSecret, scope, audience, clientAuth, tls?.id];
  return {
    key: createHash('sha256').update(JSON.stringify(identity)).digest('base64url'),
    request: { ...buildTokenRequest(auth, userAgent), target, maxBodyBytes: MAX_ANSWER_BYTES, tls },
    timeoutMs,
  };
}
