/** What the headers of a request say about its signature, before anything is believed. */
import { unexpected } from '../core/expect-value.ts';
import type { SignatureScheme } from '../core/signature-schemes.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { RequestHeaders } from './request-headers.ts';
import { decodeSignature } from './web-crypto.ts';

/** A request that is signed in the form of its scheme; by whom is another question. */
export interface SignedRequest {
  /** The signed id, of schemes that sign one. */
  readonly id: string | undefined;
  /** The signed time, unix seconds, of schemes that sign one. */
  readonly timestampSeconds: number | undefined;
  readonly signatures: readonly Uint8Array<ArrayBuffer>[];
}

/** A sender signs with at most 10 live secrets; whoever lists more wants us to calculate. */
const MAX_SIGNATURES = 20;
/** No sign, no fraction, no space, no leading zero: each would be another text that is signed, of the same time. */
const SECONDS = /^[1-9][0-9]{0,11}$/;
/** Printable ASCII without the comma, which joins two headers of one name. */
const ID = /^[!-+\--~]{1,256}$/;

export function readSigned(scheme: SignatureScheme, headers: RequestHeaders): SignedRequest | Refusal {
  const header = headers.one(scheme.header);
  if (!header.ok) return header;
  const offered = scheme.readHeader(header.value);
  if (offered !== undefined && offered.signatures.length > MAX_SIGNATURES)
    return refuse(
      'malformed_header',
      `the header ${scheme.header} holds more than ${MAX_SIGNATURES} signatures`,
    );
  const signatures = (offered?.signatures ?? []).flatMap((text) =>
    text.startsWith(scheme.prefix) ? (decodeSignature(text.slice(scheme.prefix.length), scheme) ?? []) : [],
  );
  if (signatures.length === 0)
    return refuse(
      'malformed_header',
      `the header ${scheme.header} holds no ${scheme.prefix}<${scheme.digest}>`,
    );
  const id = scheme.signsId ? readIdHeader(scheme.idHeader!, headers) : undefined;
  if (typeof id === 'object') return id;
  // A dot separates what is signed: an id with one could borrow the signature of another request.
  if (id?.includes('.') === true)
    return refuse('malformed_header', `the id in ${scheme.idHeader} has a dot in it`);
  const timestampSeconds = readTime(scheme, offered?.timestamp, headers);
  if (typeof timestampSeconds === 'object') return timestampSeconds;
  return { id, timestampSeconds, signatures };
}

/** An id in a header. */
export function readIdHeader(name: string, headers: RequestHeaders): string | Refusal {
  const header = headers.one(name);
  if (!header.ok) return header;
  return ID.test(header.value)
    ? header.value
    : refuse('malformed_header', `the header ${name} holds no message id`);
}

function readTime(
  { header, timestampHeader }: SignatureScheme,
  inHeader: string | undefined,
  headers: RequestHeaders,
): number | Refusal | undefined {
  let text = inHeader;
  if (timestampHeader !== undefined) {
    const found = headers.one(timestampHeader);
    if (!found.ok) return found;
    text = found.value;
  }
  if (text === undefined) return undefined;
  if (!SECONDS.test(text))
    return refuse(
      'malformed_header',
      `the time in ${timestampHeader ?? header} is not a number of unix seconds`,
    );
  return Number(text);
}

/** Whether the signed time is near enough. @throws OptionsError when `now` gives no time */
export function judgeTime(
  timestampSeconds: number | undefined,
  { toleranceSeconds, now }: { readonly toleranceSeconds: number; readonly now: () => number },
): Refusal | undefined {
  if (timestampSeconds === undefined) return undefined;
  const at: unknown = now();
  // No comparison with what is no number says that a time is too far away.
  if (typeof at !== 'number' || Number.isNaN(at))
    throw unexpected('now', 'a function that gives epoch ms', at);
  const age = Math.floor(at / 1000) - timestampSeconds;
  if (age > toleranceSeconds)
    return refuse('timestamp_too_old', `it was signed ${age} s ago, and ${toleranceSeconds} s are allowed`);
  if (-age > toleranceSeconds)
    return refuse(
      'timestamp_too_new',
      `it was signed ${-age} s in the future, and ${toleranceSeconds} s are allowed: is the clock of this machine right?`,
    );
  return undefined;
}
