/** What is kept of a response: enough to see what went wrong, bounded whatever the receiver sends. */
import { encodeBase64 } from './base64.ts';

/** What is kept of a response. Everything in it was written by a stranger: treat it as hostile text. */
export interface StoredResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by `, `. Bounded in number and size. */
  readonly headers: Readonly<Record<string, string>>;
  /** First bytes of the body (16 KiB by default). */
  readonly body: string;
  /** `utf8` when the kept bytes are valid UTF-8, else `base64`. */
  readonly bodyEncoding: 'utf8' | 'base64';
  /** More bytes came than were kept. */
  readonly bodyTruncated: boolean;
  /** False when the connection ended, or the deadline came, before the whole body was there. */
  readonly bodyComplete: boolean;
}

/** Headers as a transport hands them over: names in lower case, a list where a header was repeated. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A response as a transport hands it over. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The kept part of the body; the transport bounds it. */
  readonly body: Uint8Array;
  /** More bytes came than are in `body`. */
  readonly bodyTruncated: boolean;
  /** The whole body was received. */
  readonly bodyComplete: boolean;
}

/** Most headers that are stored. */
export const MAX_STORED_HEADERS = 64;
/** Most characters of all stored header names and values together. One header that does not fit is left out as a whole. */
export const MAX_STORED_HEADER_LENGTH: number = 8 * 1024;

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The storable form of a response. */
export function toStoredResponse(response: ReceivedResponse): StoredResponse {
  const { body: bytes, bodyTruncated, bodyComplete } = response;
  const text = bytes.length === 0 ? '' : decodeText(bytes, bodyTruncated || !bodyComplete);
  return {
    status: response.status,
    headers: boundHeaders(response.headers),
    body: text ?? encodeBase64(bytes),
    bodyEncoding: text === undefined ? 'base64' : 'utf8',
    bodyTruncated,
    bodyComplete,
  };
}

/** The text, or `undefined` when the bytes are not valid UTF-8. A character that was cut at the end is dropped, not held against the rest. */
function decodeText(bytes: Uint8Array, mayEndInsideCharacter: boolean): string | undefined {
  try {
    if (!mayEndInsideCharacter) return strictDecoder.decode(bytes);
    // A decoder of its own: in stream mode it keeps the bytes of the cut character for a next part that never comes.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}

/** The headers themselves when they fit, which is nearly always: this runs for every attempt. */
function boundHeaders(headers: ResponseHeaders): Readonly<Record<string, string>> {
  let count = 0;
  let length = 0;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value !== 'string') return selectHeaders(headers);
    count += 1;
    length += name.length + value.length;
  }
  if (count > MAX_STORED_HEADERS || length > MAX_STORED_HEADER_LENGTH) return selectHeaders(headers);
  return headers as Readonly<Record<string, string>>;
}

/** Before all others, because decisions are made from them. */
const DECISIVE_HEADERS = ['retry-after', 'webhook-allowed-origin', 'webhook-allowed-rate'];

/** As many whole headers as fit, in their order. */
function selectHeaders(headers: ResponseHeaders): Readonly<Record<string, string>> {
  const kept: [name: string, value: string][] = [];
  let length = 0;
  for (const name of new Set([...DECISIVE_HEADERS, ...Object.keys(headers)])) {
    const value = headers[name];
    if (value === undefined || kept.length === MAX_STORED_HEADERS) continue;
    const text = typeof value === 'string' ? value : value.join(', ');
    if (length + name.length + text.length > MAX_STORED_HEADER_LENGTH) continue;
    length += name.length + text.length;
    kept.push([name, text]);
  }
  return Object.fromEntries(kept);
}
