/** The body of a request: bounded, JSON, an object. */
import { jsonDepth } from '../core/json-depth.ts';
import { ApiError } from './api-error.ts';

/** What is read here is walked by recursion, and written again in an answer. */
const MAX_DEPTH = 256;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * @returns `undefined` when there is none
 * @throws ApiError when it is too large or too deep, not JSON, or no object
 */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return undefined;
  const type = request.headers.get('content-type');
  if (type === null || !JSON_TYPE.test(type))
    throw new ApiError('unsupported_media_type', 'Expected a body of the content type application/json.');
  const value = parse(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new ApiError('malformed', 'Expected a JSON object.');
}

function parse(bytes: Uint8Array): unknown {
  const [text, value] = decode(bytes);
  if (jsonDepth(text) <= MAX_DEPTH) return value;
  throw new ApiError(
    'invalid_request',
    `The body has more than ${MAX_DEPTH} levels of objects and lists. Flatten it.`,
  );
}

function decode(bytes: Uint8Array): readonly [text: string, value: unknown] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return [text, JSON.parse(text)];
  } catch {
    throw new ApiError('malformed', 'The body is not JSON in UTF-8.');
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (let part = await readPart(reader); !part.done; part = await readPart(reader)) {
    size += part.value.byteLength;
    if (size > maxBytes) {
      // Not awaited: the sender decides when that is over.
      reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** A sender who goes away is no fault of ours; a mount says what is. */
function readPart(reader: Reader): ReturnType<Reader['read']> {
  return reader.read().catch((cause: unknown) => {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('malformed', 'The body ended before it was complete.', { cause });
  });
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('too_large', `The body is larger than ${maxBytes} bytes.`, {
    headers: { connection: 'close' },
  });
}
