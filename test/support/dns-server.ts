import { Resolver } from 'node:dns';
import { createSocket, type Socket } from 'node:dgram';
import type { LookupFunction } from '../../src/transport/transport.ts';

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;
const CLASS_IN = 1;
const CODES = { ok: 0, servfail: 2, nxdomain: 3 } as const;
const HEADER_BYTES = 12;

/** One record of an answer. `name` is the one asked for unless it says otherwise: chains of aliases need others. */
export interface DnsRecord {
  readonly type: keyof typeof TYPES;
  /** An address, or the name that a CNAME leads to. */
  readonly value: string;
  readonly name?: string;
}

/** What the server says about a name: records, none at all, or a code. */
export type DnsAnswer = readonly DnsRecord[] | Exclude<keyof typeof CODES, 'ok'>;

/** A name server on loopback: what it answers can change from question to question. */
export class DnsServer implements AsyncDisposable {
  /** What was asked, in order: `A receiver.test`. */
  readonly questions: string[] = [];
  readonly #names = new Map<string, readonly DnsAnswer[]>();
  readonly #socket: Socket;
  readonly #resolver = new Resolver({ timeout: 2_000, tries: 1 });

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, peer) => socket.send(this.#answer(query), peer.port, peer.address));
    this.#resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new DnsServer(socket);
  }

  /** Sets the answers for a name, one for each time it is resolved; the last one stays. Other names do not exist. */
  set(name: string, ...answers: readonly DnsAnswer[]): void {
    this.#names.set(name, answers);
  }

  /** Asks this server for both kinds of addresses, as `dns.lookup` asks that of the machine. */
  readonly lookup: LookupFunction = (hostname, _options, callback) => {
    this.#resolver.resolve6(hostname, (error6, six) => {
      this.#resolver.resolve4(hostname, (error4, four) => {
        const addresses = [
          ...(error4 === null ? four.map((address) => ({ address, family: 4 })) : []),
          ...(error6 === null ? six.map((address) => ({ address, family: 6 })) : []),
        ];
        const isKnown = error4 === null || error4.code === 'ENODATA';
        callback(isKnown ? null : error4, addresses);
      });
    });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#resolver.cancel();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #answer(query: Buffer): Buffer {
    const { name, type, end } = readQuestion(query);
    this.questions.push(`${type === TYPES.A ? 'A' : 'AAAA'} ${name}`);
    const answers = this.#names.get(name) ?? ['nxdomain'];
    const answer = answers[0]!;
    // A is asked for last, so the next answer is that of the next look-up.
    if (type === TYPES.A && answers.length > 1) this.#names.set(name, answers.slice(1));
    const records =
      typeof answer === 'string'
        ? []
        : answer.filter((record) => TYPES[record.type] === type || record.type === 'CNAME');
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (typeof answer === 'string' ? CODES[answer] : CODES.ok), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const question = query.subarray(HEADER_BYTES, end);
    return Buffer.concat([header, question, ...records.map((record) => writeRecord(name, record))]);
  }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (let length = query[offset]!; length > 0; length = query[offset]!) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(offset + 1), end: offset + 5 };
}

function writeRecord(asked: string, { name = asked, type, value }: DnsRecord): Buffer {
  const data = type === 'CNAME' ? writeName(value) : writeAddress(value);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(TYPES[type], 0);
  fixed.writeUInt16BE(CLASS_IN, 2);
  // A time to live of 0: nobody may remember it.
  fixed.writeUInt32BE(0, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([writeName(name), fixed, data]);
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function writeAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}
