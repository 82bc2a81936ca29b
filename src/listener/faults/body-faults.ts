import { gzipSync } from 'node:zlib';
import type { Answer } from '../fault-connection.ts';
import { answering, type Fault, startOf } from './fault.ts';

const BLOCK = Buffer.alloc(64 * 1024, 'x');
/** Members of a gzip stream may follow each other, so a bomb of any size is a few bytes again and again. */
const gzipMebibyte = (): Buffer => gzipSync(Buffer.alloc(1024 * 1024), { level: 9 });

/** A length of ten, and three bytes of them. */
const lengthy = (answer: Answer): string => `${startOf(answer)}content-length: 10\r\n\r\nabc`;
/** A first chunk of three bytes. */
const chunked = (answer: Answer): string =>
  `${startOf(answer)}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`;
const encoded = (answer: Answer, encoding: string): string =>
  `${startOf(answer)}content-encoding: ${encoding}\r\ncontent-length: 6\r\n\r\nbroken`;

/** Answers whose head is in order, and whose body is not. The status is that of the option `status`. */
export const bodyFaults = {
  stalled_body: answering('sends a head, and of its body only the beginning', lengthy),
  trickled_body: {
    does: 'sends a body that drips in and never ends',
    async onRequested(connection) {
      await connection.write(`${startOf(connection.answer)}transfer-encoding: chunked\r\n\r\n`);
      await connection.drip('1\r\nx\r\n');
    },
  },
  reset_in_body: answering('resets the connection in the middle of the body', lengthy, 'reset'),
  short_body: answering('closes the connection before the announced length', lengthy, 'end'),
  unfinished_chunks: answering('closes the connection before the last chunk', chunked, 'end'),
  bad_chunk: answering('sends a chunk of no size', (answer) => `${chunked(answer)}zz\r\nabc\r\n`),
  endless_body: {
    does: 'sends a body without end, as fast as it can',
    async onRequested(connection) {
      await connection.write(`${startOf(connection.answer)}\r\n`);
      await connection.flood(BLOCK);
    },
  },
  endless_chunk_extension: {
    does: 'sends a chunk whose size line never ends',
    async onRequested(connection) {
      await connection.write(`${startOf(connection.answer)}transfer-encoding: chunked\r\n\r\n3;x=`);
      await connection.flood(BLOCK);
    },
  },
  gzip_bomb: {
    does: 'sends 1 KiB for each MiB of the body, compressed and without end',
    async onRequested(connection) {
      await connection.write(`${startOf(connection.answer)}content-encoding: gzip\r\n\r\n`);
      await connection.flood(gzipMebibyte());
    },
  },
  broken_gzip: answering('says gzip and sends something else', (answer) => encoded(answer, 'gzip')),
  unknown_encoding: answering('names an encoding that nobody knows', (answer) => encoded(answer, 'nonsense')),
  stacked_encodings: answering('names 20 encodings', (answer) =>
    encoded(answer, Array.from({ length: 20 }, () => 'gzip').join(', ')),
  ),
  extra_bytes: answering(
    'sends more bytes than it announced',
    (answer) => `${startOf(answer)}content-length: 2\r\n\r\nokstray`,
  ),
  body_after_204: answering(
    'sends a body with 204',
    () => 'HTTP/1.1 204 Odd\r\ncontent-length: 3\r\n\r\nabc',
  ),
} as const satisfies Readonly<Record<string, Fault>>;
