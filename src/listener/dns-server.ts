import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';

/** How a name server answers: by a response code, with no record at all, or never. */
export type DnsAnswer = 'not_found' | 'server_failed' | 'empty' | 'silent';

/** Response codes, RFC 1035 4.1.1. */
const CODES: Readonly<Record<Exclude<DnsAnswer, 'silent'>, number>> = {
  empty: 0,
  server_failed: 2,
  not_found: 3,
};

const HEADER_BYTES = 12;

/** A name server on a UDP port of loopback that answers every question in the same bad way. */
export class DnsServer {
  /** Questions that arrived. */
  questions = 0;
  readonly #answer: DnsAnswer;
  readonly #socket: Socket = createSocket('udp4');
  readonly #onQuestion: () => void;

  constructor(answer: DnsAnswer, onQuestion: () => void) {
    this.#answer = answer;
    this.#onQuestion = onQuestion;
    this.#socket.on('message', (query, { address, port }) => {
      this.questions += 1;
      const reply = this.#reply(query);
      if (reply !== undefined) this.#socket.send(reply, port, address);
      this.#onQuestion();
    });
    this.#socket.on('error', () => undefined);
  }

  async listen(): Promise<void> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
  }

  /** A resolver that asks this server alone. `timeoutMs`: how long it waits for an answer. */
  createResolver(timeoutMs: number): Resolver {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    return resolver;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  /** The question again, marked as an answer without records. */
  #reply(query: Buffer): Buffer | undefined {
    if (this.#answer === 'silent' || query.length < HEADER_BYTES) return undefined;
    const reply = Buffer.from(query.subarray(0, endOfQuestion(query)));
    reply.writeUInt16BE(0x8180 | CODES[this.#answer], 2);
    // One question; no answer, authority or additional records.
    reply.writeUInt16BE(1, 4);
    reply.fill(0, 6, HEADER_BYTES);
    return reply;
  }
}

/** Where the first question ends: labels up to an empty one, then type and class. */
function endOfQuestion(query: Buffer): number {
  let at = HEADER_BYTES;
  while (at < query.length && query[at] !== 0) at += query[at]! + 1;
  return at + 5;
}
