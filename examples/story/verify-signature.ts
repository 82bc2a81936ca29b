/** What a receiver does to be sure of a request, by the Standard Webhooks specification; nothing of Posthorn is used. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const TOLERANCE_SECONDS = 5 * 60;

/** Why the request must not be trusted; undefined when its signature holds. */
export function whyForged(secret: string, headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers;
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signatures !== 'string')
    return 'it is not signed';
  const age = Math.abs(Date.now() / 1000 - Number(time));
  if (!(age <= TOLERANCE_SECONDS)) return 'its timestamp is too far from now';
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  const offered = signatures.split(' ').filter((signature) => signature.startsWith('v1,'));
  const isGenuine = offered.some((signature) => {
    const digest = Buffer.from(signature.slice('v1,'.length), 'base64');
    return digest.length === expected.length && timingSafeEqual(digest, expected);
  });
  return isGenuine ? undefined : 'its signature does not match';
}
