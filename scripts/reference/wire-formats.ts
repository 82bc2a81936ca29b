import { describeEnvelope } from '../../src/core/envelope.ts';
import { ENVELOPES } from '../../src/core/envelope-formats.ts';
import type { SecretFormat } from '../../src/core/secret-format.ts';
import {
  SIGNATURE_SCHEMES,
  type SignatureScheme,
  type SignedContext,
} from '../../src/core/signature-schemes.ts';
import { cell, code, page, table } from './markdown.ts';

const list = (names: readonly string[]): string => names.map(code).join(', ');

function renderEnvelopes(): string {
  const rows = Object.entries(ENVELOPES).map(([name, { settings }]) => {
    const { contentType, headerNames } = describeEnvelope(name);
    return [code(name), code(contentType), list(headerNames), list(Object.keys(settings))];
  });
  return table(['envelope', 'content type', 'further headers', 'settings'], rows);
}

const SECRETS: Readonly<Record<SecretFormat, string>> = {
  standard: 'base64 of 24 to 64 bytes, `whsec_` in front or not',
  ed25519: 'base64 of a seed of 32 bytes, or of seed and public key, `whsk_` in front or not',
  text: 'any text, taken literally',
};

const ALGORITHMS: Readonly<Record<SignatureScheme['algorithm'], string>> = {
  'hmac-sha256': 'HMAC-SHA256',
  ed25519: 'ed25519',
};

/** Stands for what differs from request to request. */
const context = {
  messageId: '<id>',
  timestampSeconds: '<time>' as unknown as number,
} satisfies SignedContext;

function renderSchemes(): string {
  const rows = Object.entries(SIGNATURE_SCHEMES).map(([name, scheme]) => {
    const signature = `${scheme.prefix}<${scheme.digest}>`;
    const headers = [
      ...[scheme.idHeader, scheme.timestampHeader].flatMap((header) => header ?? []),
      `${scheme.header}: ${scheme.headerValue([signature], context)}`,
    ];
    return [
      code(name),
      list(headers),
      `${ALGORITHMS[scheme.algorithm]} of ${code(`${scheme.signedPrefix(context)}<body>`)}`,
      cell(SECRETS[scheme.secretFormat]),
      scheme.isMultiValue ? 'each live secret' : 'one secret',
      list(scheme.configurable),
    ];
  });
  return table(['scheme', 'headers', 'signature', 'secret', 'signs with', 'settings'], rows);
}

export function renderWireFormats(): string {
  return page(
    '# Wire formats',
    'Every attempt is a `POST`; only the [handshake](../guides/security.md#whose-endpoint-is-it) of an endpoint is an `OPTIONS`, after which its attempts carry `webhook-request-origin`. Its body and content type come from the [envelope](../guides/envelopes.md), its signature ' +
      'from the [signature schemes](../guides/signing-and-rotation.md). Nothing else of a request may write the headers ' +
      'named here.',
    '## Envelopes',
    renderEnvelopes(),
    '## Signature schemes',
    '`<id>` is the id of the message, the same on every attempt; `<time>` is that of the attempt, in unix seconds. Header ' +
      'names that can be set are shown as they are by default. `none` signs nothing.',
    renderSchemes(),
  );
}
