import type { Refusal } from './refusal.ts';
import type { RequestHeaders } from './request-headers.ts';

/** What an envelope tells about a message. */
export interface Contents {
  /** Id from the body, which is signed. */
  readonly signedId?: string | undefined;
  /** Id from a header, which is not. */
  readonly unsignedId?: string;
  readonly type?: string;
  readonly timestamp?: number | undefined;
  readonly data: unknown;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** Reads the body of a genuine request. Never throws, whatever it is. */
export type EnvelopeReader = (body: Uint8Array<ArrayBuffer>, headers: RequestHeaders) => Contents | Refusal;
