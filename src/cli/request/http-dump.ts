/** Requests as people save them: request line, headers, an empty line, the body. */
import { ChunkDecoder } from '../../listener/chunk-decoder.ts';
import { headerOf, type ReceivedRequest } from './received-request.ts';

export interface Dump {
  readonly request: ReceivedRequest;
  /** What is odd about it, for people. */
  readonly note: string | undefined;
}

const REQUEST_LINE = /^([A-Z]+) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/;
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/;

/** The request line may be missing, and lines may end as they do in text files. `undefined`: it is none. */
export function parseDump(bytes: Buffer): Dump | undefined {
  const { head, rest } = splitHead(bytes);
  const [first = '', ...others] = head.split(/\r?\n/);
  const line = REQUEST_LINE.exec(first);
  const rawHeaders: [name: string, value: string][] = [];
  for (const text of line === null ? [first, ...others] : others) {
    const header = HEADER_LINE.exec(text);
    if (header === null) return undefined;
    rawHeaders.push([header[1]!, header[2]!]);
  }
  const [method = 'POST', path = '/'] = line?.slice(1) ?? [];
  const { body, note } = readBody(rest, rawHeaders);
  return { request: { method, path, rawHeaders, body, receivedAt: undefined }, note };
}

function splitHead(bytes: Buffer): { readonly head: string; readonly rest: Buffer } {
  const ends = ['\r\n\r\n', '\n\n']
    .map((mark) => ({ at: bytes.indexOf(mark), length: mark.length }))
    .filter(({ at }) => at >= 0)
    .sort((left, right) => left.at - right.at);
  const [end] = ends;
  if (end === undefined) return { head: bytes.toString('latin1').trimEnd(), rest: Buffer.alloc(0) };
  return { head: bytes.toString('latin1', 0, end.at), rest: bytes.subarray(end.at + end.length) };
}

/** The body as HTTP delimits it; line ends that an editor put behind it are not part of it. */
function readBody(
  rest: Buffer,
  rawHeaders: readonly (readonly [string, string])[],
): { readonly body: Buffer; readonly note: string | undefined } {
  const length = headerOf({ rawHeaders }, 'content-length');
  if (length !== undefined && /^\d{1,12}$/.test(length)) return cutBody(rest, Number(length));
  const isChunked = headerOf({ rawHeaders }, 'transfer-encoding')?.toLowerCase().includes('chunked') === true;
  return { body: (isChunked ? joinChunks(rest) : undefined) ?? rest, note: undefined };
}

/** More than the announced length is a body that was written anew: cut off, nobody could tell what was done to it. */
function cutBody(rest: Buffer, length: number): { readonly body: Buffer; readonly note: string | undefined } {
  const more = rest.length - length;
  if (more > 0 && /^[\r\n]+$/.test(rest.toString('latin1', length)))
    return { body: rest.subarray(0, length), note: undefined };
  if (more === 0) return { body: rest, note: undefined };
  const difference = more < 0 ? `${-more} bytes of its body are missing` : `Its body has ${more} bytes more`;
  return { body: rest, note: `${difference}, by its content-length.` };
}

/** `undefined`: whoever saved it had joined them. */
function joinChunks(bytes: Buffer): Buffer | undefined {
  if (!/^[0-9a-f]+\s*(?:;|\r?\n)/i.test(bytes.toString('latin1', 0, 64))) return undefined;
  const decoder = new ChunkDecoder();
  const parts: Buffer[] = [];
  decoder.read(bytes, (data) => parts.push(data));
  return decoder.isDone ? Buffer.concat(parts) : undefined;
}
