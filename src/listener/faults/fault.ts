import type { DnsAnswer } from '../dns-server.ts';
import type { Answer, FaultConnection } from '../fault-connection.ts';

/** What a server shows in TLS handshakes; all but `stalled` are real handshakes. */
export type TlsFault =
  | 'valid'
  | 'untrusted'
  | 'expired'
  | 'other_host'
  | 'outdated'
  | 'only_http2'
  | 'wants_client'
  | 'stalled'
  | 'missing'
  | 'unexpected';

/** How the name of the receiver resolves; without, to 127.0.0.1. */
export type NameFault = DnsAnswer | 'timed_out' | 'turns_private';

type Play = (connection: FaultConnection) => Promise<void> | void;

/** One way in which a receiver fails. The receiver goes through its stages in this order; a missing one does nothing. */
export interface Fault {
  /** What the receiver does, in a few words that follow its name. */
  readonly does: string;
  readonly name?: NameFault;
  /** `refused`: nobody listens. */
  readonly port?: 'refused';
  readonly tls?: TlsFault;
  /** When a connection was made. */
  readonly onConnected?: Play;
  /** When the head of a request is there. */
  readonly onBegun?: Play;
  /** When a request is there as a whole. Default: answers 204. */
  readonly onRequested?: Play;
}

/** The first lines of an answer, up to where its own headers begin. */
export function startOf({ status, headers }: Answer, reason = 'Answer'): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${headers}`;
}

/** A fault that is one answer, and what becomes of the connection then. */
export function answering(
  does: string,
  bytes: (answer: Answer) => string | Uint8Array,
  then: 'stay' | 'end' | 'reset' = 'stay',
): Fault {
  return {
    does,
    onRequested(connection) {
      const written = bytes(connection.answer);
      if (then === 'end') return connection.end(written);
      return then === 'reset' ? connection.reset(written) : connection.write(written);
    },
  };
}

export const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';
export const OK_BODY = 'content-length: 2\r\n\r\nok';
