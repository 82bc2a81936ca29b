import { ChunkDecoder } from './chunk-decoder.ts';
import type { ReadRequest } from './request-log.ts';

/** Who is told what was read. */
export interface RequestEvents {
  /** The head of a request is there, its body not yet. */
  onBegun(): void;
  /** A request is there as a whole. */
  onRequest(request: ReadRequest): void;
}

/** Longest head that is read; a longer one is no request. */
const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';

interface Begun extends Omit<ReadRequest, 'body' | 'bodyBytes'> {
  readonly kept: Buffer[];
  keptBytes: number;
  bodyBytes: number;
  /** Bytes that are still to come, or who knows. */
  left: number | ChunkDecoder;
}

/**
 * Reads requests from the bytes of one connection, keeping at most `maxBodyBytes` of each body. What is no request is
 * read and forgotten.
 */
export class RequestReader {
  readonly #maxBodyBytes: number;
  readonly #events: RequestEvents;
  #head: Buffer = Buffer.alloc(0);
  #begun: Begun | undefined;

  constructor(maxBodyBytes: number, events: RequestEvents) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#events = events;
  }

  read(chunk: Buffer): void {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined && rest.length > 0)
      rest = this.#begun === undefined ? this.#readHead(rest) : this.#readBody(this.#begun, rest);
  }

  #readHead(chunk: Buffer): Buffer | undefined {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = bytes.length > MAX_HEAD_BYTES ? Buffer.alloc(0) : bytes;
      return undefined;
    }
    this.#head = Buffer.alloc(0);
    this.#begun = parseHead(bytes.toString('latin1', 0, end));
    this.#events.onBegun();
    if (this.#begun.left === 0) this.#finish(this.#begun);
    return bytes.subarray(end + HEAD_END.length);
  }

  #readBody(begun: Begun, chunk: Buffer): Buffer | undefined {
    if (typeof begun.left !== 'number') {
      const used = begun.left.read(chunk, (data) => this.#keep(begun, data));
      if (begun.left.isDone) this.#finish(begun);
      return chunk.subarray(used);
    }
    const part = chunk.subarray(0, begun.left);
    this.#keep(begun, part);
    begun.left -= part.length;
    if (begun.left === 0) this.#finish(begun);
    return chunk.subarray(part.length);
  }

  #keep(begun: Begun, data: Buffer): void {
    begun.bodyBytes += data.length;
    const part = data.subarray(0, this.#maxBodyBytes - begun.keptBytes);
    if (part.length === 0) return;
    begun.kept.push(part);
    begun.keptBytes += part.length;
  }

  #finish({ method, path, rawHeaders, kept, bodyBytes }: Begun): void {
    this.#begun = undefined;
    this.#events.onRequest({ method, path, rawHeaders, body: Buffer.concat(kept), bodyBytes });
  }
}

function parseHead(head: string): Begun {
  const [start = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = start.split(' ');
  const rawHeaders: string[] = [];
  let left: number | ChunkDecoder = 0;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    rawHeaders.push(name, value);
    if (name.toLowerCase() === 'content-length') left = Number(value) || 0;
    if (name.toLowerCase() === 'transfer-encoding') left = new ChunkDecoder();
  }
  return { method, path, rawHeaders, kept: [], keptBytes: 0, bodyBytes: 0, left };
}
