import { createHmac } from 'node:crypto';

/** The key of a Standard Webhooks secret. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace('whsec_', ''), 'base64');
}

/** Headers of a message, signed now. */
export function signedHeaders(key: Buffer, id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'user-agent': 'bench',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

/** A body as the `standard` envelope has it. */
export function buildBody(type: string, data: object): string {
  return JSON.stringify({ type, timestamp: new Date(), data });
}
