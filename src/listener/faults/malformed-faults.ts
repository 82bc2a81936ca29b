import type { Answer } from '../fault-connection.ts';
import { answering, type Fault, OK_BODY, startOf } from './fault.ts';

const HUGE_BYTES = 64 * 1024;
const MANY = 5_000;

const withHeader =
  (line: string, body = OK_BODY) =>
  (answer: Answer): string =>
    `${startOf(answer)}${line}\r\n${body}`;

/** Heads that are no HTTP, or too much of it. */
export const malformedFaults = {
  slow_head: {
    does: 'sends a head that drips in and never ends',
    async onRequested(connection) {
      await connection.write(startOf(connection.answer));
      await connection.drip('x: a\r\n');
    },
  },
  endless_head: {
    does: 'sends a head without end, as fast as it can',
    async onRequested(connection) {
      await connection.write(startOf(connection.answer));
      await connection.flood('x-header: value\r\n'.repeat(100));
    },
  },
  endless_status_line: {
    does: 'sends a status line without end, as fast as it can',
    async onRequested(connection) {
      await connection.write(`HTTP/1.1 ${connection.answer.status} `);
      await connection.flood('Answer '.repeat(1000));
    },
  },
  huge_header: answering('sends a header of 64 KiB', withHeader(`x: ${'a'.repeat(HUGE_BYTES)}`)),
  many_headers: answering('sends 5000 headers', withHeader('x-header: value\r\n'.repeat(MANY).trimEnd())),
  invalid_status_line: answering('sends a status line without a status', () => 'HTTP/1.1 abc\r\n\r\n'),
  http_0_9: answering('answers in HTTP/0.9', () => '<html>hello</html>\r\n', 'end'),
  http2_preface: answering('answers in HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  status_1000: answering('sends a status of four digits', () => `HTTP/1.1 1000 Odd\r\n${OK_BODY}`),
  status_099: answering('sends a status below 100', () => `HTTP/1.1 099 Odd\r\n${OK_BODY}`),
  nul_in_header: answering('sends a NUL in a header', withHeader('x: a\0b')),
  folded_header: answering('sends a header folded over two lines', withHeader('x: a\r\n b')),
  bare_line_feed: answering('ends lines with a bare line feed', () => `HTTP/1.1 200 OK\nx: a\n\n`, 'end'),
  header_without_colon: answering('sends a header without a colon', withHeader('nonsense')),
  negative_content_length: answering(
    'announces a negative length',
    withHeader('content-length: -1', '\r\nok'),
  ),
  two_content_lengths: answering('announces two lengths', withHeader('content-length: 3')),
  length_and_chunks: answering(
    'announces a length and chunks',
    withHeader('content-length: 2', 'transfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
  ),
  protocol_switch: answering(
    'switches to another protocol',
    () => 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ),
} as const satisfies Readonly<Record<string, Fault>>;
