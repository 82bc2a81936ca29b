import type { FaultReceiverOptions } from '../../listener/fault-options.ts';
import type { ExchangeResult } from '../../core/classify.ts';
import type { EndpointReason } from '../../core/outcome.ts';

/** When an attempt ends: as soon as the receiver has done what it does, or only at the deadline. */
export type FaultEnd = 'at once' | 'at the deadline';

/** What comes of an attempt at a receiver that fails. */
export type FaultResult =
  | { readonly kind: 'failure'; readonly reason: EndpointReason; readonly ends: FaultEnd }
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Whether all of the body came; `either` where that depends on how the transport reads. */
      readonly body: 'complete' | 'incomplete' | 'either';
      readonly ends: FaultEnd;
    };

/** A receiver that fails, and what must come of it. */
export interface FaultRow {
  readonly play: FaultReceiverOptions;
  readonly result: FaultResult;
  /** What comes of the request before, where it takes two. */
  readonly before?: FaultResult;
  /** A request that is too large to be written at once. */
  readonly isLarge?: boolean;
}

/** The same as a transport reports it. */
export function exchangeOf(result: FaultResult): ExchangeResult {
  if (result.kind === 'failure') return { kind: 'failure', reason: result.reason, detail: '' };
  const bodyComplete = result.body === 'complete';
  const { status } = result;
  return {
    kind: 'response',
    status,
    headers: {},
    body: new Uint8Array(0),
    bodyTruncated: false,
    bodyComplete,
  };
}

const fails = (reason: EndpointReason): FaultResult => ({ kind: 'failure', reason, ends: 'at once' });
const timesOut: FaultResult = { kind: 'failure', reason: 'timeout', ends: 'at the deadline' };
const answers = (status: number, body: 'complete' | 'incomplete' | 'either' = 'complete'): FaultResult => ({
  kind: 'response',
  status,
  body,
  ends: 'at once',
});
const breaksOff = (status: number): FaultResult => answers(status, 'incomplete');
const stalls = (status: number): FaultResult => ({
  kind: 'response',
  status,
  body: 'incomplete',
  ends: 'at the deadline',
});

const withStatus = (status: number, headers?: Readonly<Record<string, string>>): FaultRow => ({
  play: { fault: 'status', status, ...(headers === undefined ? {} : { headers }) },
  result: answers(status),
});

/** The status decides, so a body that breaks off is told twice: after a success, and after a failure. */
const brokenBodies: readonly FaultRow[] = [200, 503].flatMap((status): FaultRow[] => [
  { play: { fault: 'stalled_body', status }, result: stalls(status) },
  { play: { fault: 'trickled_body', status }, result: stalls(status) },
  { play: { fault: 'endless_chunk_extension', status }, result: breaksOff(status) },
  { play: { fault: 'reset_in_body', status }, result: breaksOff(status) },
  { play: { fault: 'short_body', status }, result: breaksOff(status) },
  { play: { fault: 'unfinished_chunks', status }, result: breaksOff(status) },
  { play: { fault: 'bad_chunk', status }, result: breaksOff(status) },
  { play: { fault: 'endless_body', status }, result: breaksOff(status) },
  { play: { fault: 'gzip_bomb', status }, result: breaksOff(status) },
]);

const redirects: readonly FaultRow[] = [
  withStatus(301),
  ...[
    [302, '/elsewhere'],
    [307, 'https://other.test/'],
    [308, 'http://169.254.169.254/latest/meta-data/'],
    [303, 'file:///etc/passwd'],
  ].map(([status, location]) => withStatus(status as number, { location: location as string })),
];

/** Every fault that a receiver can play, and what an attempt makes of it: the same over every transport. */
export const FAULT_TABLE: readonly FaultRow[] = [
  { play: { fault: 'dns_not_found' }, result: fails('dns') },
  { play: { fault: 'dns_server_failed' }, result: fails('dns') },
  { play: { fault: 'dns_timed_out' }, result: fails('dns') },
  { play: { fault: 'dns_empty' }, result: fails('dns') },
  { play: { fault: 'dns_hangs' }, result: timesOut },
  { play: { fault: 'turns_private' }, before: answers(204), result: fails('blocked') },

  { play: { fault: 'connection_refused' }, result: fails('connection_refused') },
  { play: { fault: 'reset_on_connect' }, result: fails('connection_reset') },
  { play: { fault: 'close_on_connect' }, result: fails('connection_reset') },
  { play: { fault: 'reset_after_request' }, result: fails('connection_reset') },
  { play: { fault: 'close_after_request' }, result: fails('connection_reset') },
  // One resend over a fresh connection, within the attempt.
  { play: { fault: 'reset_on_reuse' }, before: answers(204), result: answers(204) },
  { play: { fault: 'close_on_reuse' }, before: answers(204), result: answers(204) },
  { play: { fault: 'reset_on_reuse', tls: true }, before: answers(204), result: answers(204) },
  { play: { fault: 'close_on_reuse', tls: true }, before: answers(204), result: answers(204) },
  { play: { fault: 'close_when_idle' }, before: answers(204), result: answers(204) },
  { play: { fault: 'never_answers' }, result: timesOut },
  { play: { fault: 'never_reads' }, isLarge: true, result: timesOut },
  { play: { fault: 'half_open' }, result: timesOut },

  { play: { fault: 'tls_untrusted' }, result: fails('tls') },
  { play: { fault: 'tls_expired' }, result: fails('tls') },
  { play: { fault: 'tls_other_host' }, result: fails('tls') },
  { play: { fault: 'tls_outdated' }, result: fails('tls') },
  { play: { fault: 'tls_only_http2' }, result: fails('tls') },
  // TLS 1.3 refuses a client after the handshake, when the request may be on its way.
  { play: { fault: 'tls_wants_client' }, result: fails('connection_reset') },
  { play: { fault: 'tls_stalled' }, result: timesOut },
  { play: { fault: 'tls_missing' }, result: fails('tls') },
  { play: { fault: 'tls_unexpected' }, result: fails('connection_reset') },

  { play: { fault: 'slow_head' }, result: timesOut },
  { play: { fault: 'endless_head' }, result: fails('bad_response') },
  { play: { fault: 'endless_status_line' }, result: fails('bad_response') },
  { play: { fault: 'huge_header' }, result: fails('bad_response') },
  { play: { fault: 'many_headers' }, result: fails('bad_response') },
  { play: { fault: 'invalid_status_line' }, result: fails('bad_response') },
  { play: { fault: 'http_0_9' }, result: fails('bad_response') },
  { play: { fault: 'http2_preface' }, result: fails('bad_response') },
  { play: { fault: 'status_1000' }, result: fails('bad_response') },
  { play: { fault: 'status_099' }, result: fails('bad_response') },
  { play: { fault: 'nul_in_header' }, result: fails('bad_response') },
  { play: { fault: 'folded_header' }, result: fails('bad_response') },
  { play: { fault: 'bare_line_feed' }, result: fails('bad_response') },
  { play: { fault: 'header_without_colon' }, result: fails('bad_response') },
  { play: { fault: 'negative_content_length' }, result: fails('bad_response') },
  { play: { fault: 'two_content_lengths' }, result: fails('bad_response') },
  { play: { fault: 'length_and_chunks' }, result: fails('bad_response') },
  { play: { fault: 'protocol_switch' }, result: fails('bad_response') },

  ...brokenBodies,
  { play: { fault: 'broken_gzip' }, result: answers(200, 'either') },
  { play: { fault: 'unknown_encoding' }, result: answers(200) },
  { play: { fault: 'stacked_encodings' }, result: answers(200, 'either') },
  { play: { fault: 'extra_bytes' }, before: answers(200), result: answers(200) },
  { play: { fault: 'body_after_204' }, before: answers(204, 'either'), result: answers(204, 'either') },

  { play: { fault: 'early_answer' }, isLarge: true, result: answers(200) },
  { play: { fault: 'early_close', status: 413 }, isLarge: true, result: answers(413) },
  { play: { fault: 'early_reset', status: 413 }, isLarge: true, result: answers(413) },
  { play: { fault: 'two_answers' }, before: answers(200), result: answers(200) },
  { play: { fault: 'answer_before_request' }, result: answers(200) },
  { play: { fault: 'unasked_continue' }, result: fails('bad_response') },
  { play: { fault: 'early_hints' }, result: answers(200) },
  { play: { fault: 'endless_interim' }, result: timesOut },
  { play: { fault: 'flood_of_interim' }, result: fails('bad_response') },
  { play: { fault: 'flood_of_interim', tls: true }, result: fails('bad_response') },
  { play: { fault: 'hostile_text' }, result: answers(200) },
  { play: { fault: 'not_text' }, result: answers(200) },
  { play: { fault: 'crowded_head' }, result: answers(200) },

  withStatus(205),
  ...redirects,
  withStatus(304),
  ...[400, 401, 403, 404, 405, 410, 422].map((status) => withStatus(status)),
  withStatus(429, { 'retry-after': '30' }),
  ...[500, 502, 504].map((status) => withStatus(status)),
  withStatus(503, { 'retry-after': '30' }),
  ...[600, 999].map((status) => withStatus(status)),
];

/** The name of a row: of its fault, and of what else is unlike other rows of that fault. */
export function nameOfRow({ play }: FaultRow): string {
  const location = play.headers?.['location'];
  return [
    play.fault,
    ...(play.status === undefined ? [] : [String(play.status)]),
    ...(location === undefined ? [] : [`to ${location}`]),
    ...(play.tls === true ? ['over TLS'] : []),
  ].join(' ');
}
