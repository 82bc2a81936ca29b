import { OptionsError } from '../errors.ts';
import type { DeliverySettings } from './endpoint.ts';

/**
 * Refuses settings of which nothing would be used: a private key beside a URL without TLS is a mistake in one of them. Token requests use them, too.
 *
 * @param path of the endpoint
 * @throws OptionsError naming `path.tls`
 */
export function checkTlsUse(
  { url, tls = false, auth = false }: { readonly url: string } & Pick<DeliverySettings, 'tls' | 'auth'>,
  path: string,
): void {
  const isUsedForTokens = auth !== false && auth.type === 'oauth2' && /^https:/i.test(auth.tokenUrl);
  if (tls === false || !/^http:/i.test(url) || isUsedForTokens) return;
  throw new OptionsError(
    `${path}.tls`,
    `${path}.tls: the url of the endpoint is http:, so nothing of it would be used. Give an https: url, or leave tls out (false).`,
  );
}
