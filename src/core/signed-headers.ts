import type { SignatureScheme, SignedContext } from './signature-schemes.ts';

/**
 * Appends the headers of a scheme, names and values in turn. Without signatures these are those that identify the message, where the scheme
 * sends them unsigned.
 *
 * @param digests one for each secret that signs, without prefix
 */
export function appendSignedHeaders(
  scheme: SignatureScheme,
  context: SignedContext,
  digests: readonly string[],
  headers: string[],
): void {
  const { idHeader, timestampHeader, header, identifiesUnsigned, prefix } = scheme;
  const isSigned = digests.length > 0;
  if (!isSigned && !identifiesUnsigned) return;
  if (idHeader !== undefined) headers.push(idHeader, context.messageId);
  if (timestampHeader !== undefined) headers.push(timestampHeader, String(context.timestampSeconds));
  if (!isSigned) return;
  const signatures = digests.map((digest) => prefix + digest);
  headers.push(header, scheme.headerValue(signatures, context));
}
