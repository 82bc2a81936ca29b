import type { Verification } from './verify-request.ts';

/** What is known of a request when it has been read. */
export interface RequestRecord {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly bodyBytes?: number;
  readonly receivedAt: number;
  readonly verification: Verification | undefined;
}

/** A request that arrived at a receiver, whole. */
export class RecordedRequest implements RequestRecord {
  /** 0 for the first request since the receiver was started, or since `clear()`. */
  readonly index: number;
  /** `POST` */
  readonly method: string;
  /** Path and query as sent: `/hooks?key=1` */
  readonly path: string;
  /** Names in lower case; a name that came several times has its values joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values as they came, in order. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  /** The bytes of the body: its beginning when it had more than `maxBodyBytes` of the receiver. */
  readonly body: Buffer;
  /** How many bytes the body had, those that were not kept included. */
  readonly bodyBytes: number;
  /** When the last byte arrived, epoch ms by the clock of the machine. */
  readonly receivedAt: number;
  /** Whether the signature holds; undefined unless the receiver was started with `verify`. */
  readonly verification: Verification | undefined;

  constructor(record: RequestRecord) {
    this.index = record.index;
    this.method = record.method;
    this.path = record.path;
    this.headers = record.headers;
    this.rawHeaders = record.rawHeaders;
    this.body = record.body;
    this.bodyBytes = record.bodyBytes ?? record.body.length;
    this.receivedAt = record.receivedAt;
    this.verification = record.verification;
  }

  /** The body as UTF-8 text. Bytes that are not valid UTF-8 become U+FFFD. */
  get text(): string {
    return this.body.toString('utf8');
  }

  /**
   * The body parsed as JSON.
   *
   * @throws SyntaxError when it is none
   */
  json(): unknown {
    return JSON.parse(this.text) as unknown;
  }
}
