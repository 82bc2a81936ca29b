import { ANY_ADDRESS } from '../../../core/address-policy.ts';
import { fitHeaders } from '../../../core/delivery-headers.ts';
import type { EndpointRecord, Secret } from '../../../core/endpoint.ts';
import { ENDPOINT_INPUT_KEYS, validateEndpointInput } from '../../../core/endpoint-input.ts';
import { HIDDEN_ID_PREFIX } from '../../../core/id.ts';
import { completeSecret } from '../../../core/secret.ts';
import { parseEndpointUrl } from '../../../core/url-rules.ts';
import type { FunctionRegistry } from '../../../core/functions.ts';
import { OptionsError } from '../../../errors.ts';
import { derivePublicKey } from './derive-public-key.ts';

/**
 * Checks a readable record by the rules of `endpoints.create`, as far as they do not depend on the options of a
 * dispatcher: its default settings, its catalog and its networks are not known here.
 *
 * @param functions what is registered; undefined: not known here, so every name passes
 * @param path name of the endpoint in messages
 * @returns its secrets, complete
 * @throws OptionsError naming the field that is wrong; it shows no secret
 */
export function checkEndpoint(
  record: EndpointRecord,
  functions: FunctionRegistry | undefined,
  path: string,
): readonly Secret[] {
  const { id, secrets, signatures } = record;
  const settings = Object.entries(record).filter(([key]) => ENDPOINT_INPUT_KEYS.includes(key));
  const values = secrets.length === 0 ? undefined : secrets.map(({ value }) => value);
  validateEndpointInput({ ...Object.fromEntries(settings), secrets: values }, functions, path);
  if (id.startsWith(HIDDEN_ID_PREFIX))
    throw new OptionsError(
      `${path}.id`,
      `${path}.id: ids that begin with ${HIDDEN_ID_PREFIX} belong to destinations that come with a message. Choose another id.`,
    );
  // Which private networks are open is up to the dispatcher; a store does not know.
  parseEndpointUrl(record.url, `${path}.url`, { addressPolicy: ANY_ADDRESS });
  checkHeaders(record, path);
  // Without schemes of its own it signs with those of the dispatcher, which are not known here.
  if (signatures === undefined) return secrets;
  return secrets.map((secret, index) => ({
    ...secret,
    value: completeSecret(secret.value, `${path}.secrets[${index}]`, signatures, derivePublicKey),
  }));
}

/** Headers that its own envelope and schemes write. */
function checkHeaders(record: EndpointRecord, path: string): void {
  const { envelope, signatures = ['none'], headers = {}, computedHeaders = {}, auth = false } = record;
  const { verification = false } = record;
  const given = Object.entries(headers).filter(
    ([name]) => envelope !== undefined || name.toLowerCase() !== 'content-type',
  );
  fitHeaders(
    {
      envelope: envelope ?? 'standard',
      signatures,
      headers: Object.fromEntries(given),
      computedHeaders,
      auth,
      verification,
    },
    path,
  );
}
