import { answering, type Fault, OK_BODY, startOf } from './fault.ts';

const STALE = 'HTTP/1.1 200 Stale\r\ncontent-length: 5\r\n\r\nstale';
const EMOJI = Buffer.from('😀').toString('latin1');
const MARKUP = '<script>alert(1)</script>';

/** Answers that come at the wrong time, mean trouble, or were written by somebody who means it. */
export const answerFaults = {
  status: answering('answers with a status', (answer) =>
    answer.status === 204 || answer.status === 304
      ? `${startOf(answer)}\r\n`
      : `${startOf(answer)}content-length: 0\r\n\r\n`,
  ),
  early_answer: {
    does: 'answers before it has read the body',
    onBegun: (connection) => connection.write(`${startOf(connection.answer)}${OK_BODY}`),
    onRequested: () => undefined,
  },
  early_close: {
    does: 'answers before it has read the body, and closes the connection',
    onBegun: (connection) => connection.end(`${startOf(connection.answer)}connection: close\r\n${OK_BODY}`),
    onRequested: () => undefined,
  },
  early_reset: {
    does: 'answers before it has read the body, and resets the connection',
    onBegun: (connection) => connection.reset(`${startOf(connection.answer)}connection: close\r\n${OK_BODY}`),
    onRequested: () => undefined,
  },
  two_answers: answering(
    'sends two answers to one request',
    (answer) => `${startOf(answer)}${OK_BODY}HTTP/1.1 500 Stale\r\ncontent-length: 5\r\n\r\nstale`,
  ),
  answer_before_request: {
    does: 'sends an answer as soon as a connection is made',
    onConnected: (connection) => connection.write(STALE),
    onRequested: (connection) => connection.write(`${startOf(connection.answer)}${OK_BODY}`),
  },
  unasked_continue: answering(
    'sends 100 Continue, which nobody asked for, then its answer',
    (answer) => `HTTP/1.1 100 Continue\r\n\r\n${startOf(answer)}${OK_BODY}`,
  ),
  early_hints: answering(
    'sends 103 Early Hints, then its answer',
    (answer) => `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${startOf(answer)}${OK_BODY}`,
  ),
  endless_interim: {
    does: 'sends 102 Processing again and again',
    onRequested: (connection) => connection.drip('HTTP/1.1 102 Processing\r\n\r\n'),
  },
  flood_of_interim: {
    does: 'sends 102 Processing as fast as it can',
    onRequested: (connection) => connection.flood('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000)),
  },
  hostile_text: answering(
    'writes markup, control characters and emoji into reason, headers and body',
    (answer) => {
      const body = Buffer.from(`${MARKUP}\0\u001b[2J\u202e\ufeff😀`);
      const head = `${startOf(answer, MARKUP)}x-odd: ${EMOJI} ${MARKUP}\r\n__proto__: x\r\n`;
      return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`, 'latin1'), body]);
    },
  ),
  not_text: answering('sends a body that is no UTF-8', (answer) =>
    Buffer.from(`${startOf(answer)}content-length: 4\r\n\r\n\xff\xfe\0\x80`, 'latin1'),
  ),
  crowded_head: answering(
    'sends 200 headers, just within the limits of its head',
    (answer) =>
      `${startOf(answer)}${Array.from({ length: 200 }, (_, index) => `x-${index}: ${'v'.repeat(50)}\r\n`).join('')}${OK_BODY}`,
  ),
} as const satisfies Readonly<Record<string, Fault>>;
