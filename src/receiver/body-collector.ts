import { type Refusal, refuse } from './refusal.ts';

/** Puts the chunks of a body together, up to a limit. */
export interface BodyCollector {
  /** Takes a chunk; a refusal once there are more bytes than allowed. */
  add(chunk: Uint8Array): Refusal | undefined;
  /** What was taken so far. */
  body(): Uint8Array;
}

export function createBodyCollector(maxBytes: number): BodyCollector {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    add(chunk) {
      size += chunk.length;
      if (size > maxBytes) return refuse('body_too_large', `the body has more than ${maxBytes} bytes`);
      chunks.push(chunk);
      return undefined;
    },
    body() {
      const body = new Uint8Array(size);
      let offset = 0;
      for (const chunk of chunks) {
        body.set(chunk, offset);
        offset += chunk.length;
      }
      return body;
    },
  };
}
