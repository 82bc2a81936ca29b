import type { IncomingMessage } from 'node:http';

/** At most `maxBytes` of a body, and how many it had; `undefined` when it broke off. */
export async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
): Promise<{ readonly body: Buffer; readonly bodyBytes: number } | undefined> {
  const chunks: Buffer[] = [];
  let bodyBytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      if (bodyBytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bodyBytes));
      bodyBytes += chunk.length;
    }
  } catch {
    return undefined;
  }
  return { body: Buffer.concat(chunks), bodyBytes };
}
