/** What the built-in schemes write, computed by the specifications alone; no line is shared with the signer. */
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';

type Content = string | Uint8Array;

const hmac = (key: Content, ...parts: Content[]): Buffer => {
  const digest = createHmac('sha256', key);
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** `v1,<base64>` of Standard Webhooks; the key is what the base64 after `whsec_` stands for. */
export function standardV1(secret: string, id: string, seconds: number, body: Content): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${hmac(key, `${id}.${seconds}.`, body).toString('base64')}`;
}

/** `v1a,<base64>` of Standard Webhooks, of a seed of 32 bytes. */
export function standardV1a(seed: Uint8Array, id: string, seconds: number, body: Content): string {
  const content = Buffer.concat([Buffer.from(`${id}.${seconds}.`), Buffer.from(body)]);
  return `v1a,${sign(null, content, privateKeyOf(seed)).toString('base64')}`;
}

/** `whpk_…` of a seed. */
export function publicKeyOf(seed: Uint8Array): string {
  const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' });
  return `whpk_${der.subarray(-32).toString('base64')}`;
}

function privateKeyOf(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
}

/** `t=…,v1=…` with one signature for each secret, in the order given. */
export function stripeHeader(secrets: readonly string[], seconds: number, body: Content): string {
  const signatures = secrets.map((secret) => `v1=${hmac(secret, `${seconds}.`, body).toString('hex')}`);
  return [`t=${seconds}`, ...signatures].join(',');
}

/** Lower-case hex over the body alone. */
export function hexOf(secret: string, body: Content): string {
  return hmac(secret, body).toString('hex');
}

/** Lower-case hex over `<seconds>.<body>`. */
export function timestampedHexOf(secret: string, seconds: number, body: Content): string {
  return hmac(secret, `${seconds}.`, body).toString('hex');
}

/** base64 over the body alone, as Shopify sends it. */
export function shopifyOf(secret: string, body: Content): string {
  return hmac(secret, body).toString('base64');
}
