import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { StoredResponse } from '../../src/core/stored-response.ts';
import { MAX_STORED_HEADER_LENGTH, MAX_STORED_HEADERS } from '../../src/core/stored-response.ts';
import { createFaultReceiver } from '../../src/listener/fault-receiver.ts';
import type { FaultReceiverOptions } from '../../src/listener/fault-options.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { RawServer } from '../../src/testing/transport-suite/raw-server.ts';
import { TransportWorld } from '../../src/testing/transport-suite/transport-world.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';

const TRANSPORTS = [
  { name: 'undici', create: undiciTransport },
  { name: 'ky', create: kyTransport },
] as const;

/** What is stored of the answer of a receiver, read back through the API. */
async function storedFrom(
  { create }: (typeof TRANSPORTS)[number],
  play: FaultReceiverOptions,
): Promise<{ response: StoredResponse; events: string; logged: string }> {
  const receiver = await createFaultReceiver(play);
  const lines: unknown[] = [];
  const log = (...line: unknown[]): void => void lines.push(line);
  const harness = await createHarness({
    dispatcher: { transport: create(), logger: { debug: log, info: log, warn: log, error: log } },
  });
  try {
    const events: unknown[] = [];
    harness.dispatcher.on('delivery.retrying', (event) => void events.push(event));
    harness.dispatcher.on('delivery.succeeded', (event) => void events.push(event));
    const endpoint = await harness.createEndpoint({ url: receiver.url });
    await harness.dispatcher.emit('job.completed', {});
    await harness.dispatcher.drain();
    const [delivery] = await harness.deliveriesTo(endpoint);
    const response = delivery?.attemptLog[0]?.response;
    assert.ok(response !== undefined, inspect(delivery));
    assert.equal(events.length, 1);
    return { response, events: inspect(events, { depth: 9 }), logged: inspect(lines, { depth: 9 }) };
  } finally {
    await harness.close();
    await receiver.close();
  }
}

describe.each(TRANSPORTS)('what a hostile receiver writes, over $name', (transport) => {
  it.each([200, 500])('is stored as it came, and is part of no event or log line (%d)', async (status) => {
    const { response, events, logged } = await storedFrom(transport, { fault: 'hostile_text', status });
    assert.equal(response.status, status);
    assert.equal(response.bodyEncoding, 'utf8');
    assert.equal(response.body, '<script>alert(1)</script>\0\u001b[2J\u202e\ufeff😀');
    assert.ok(response.headers['x-odd']?.endsWith(' <script>alert(1)</script>'), inspect(response.headers));
    assert.equal(Object.getPrototypeOf(response.headers), Object.prototype);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
    for (const text of [events, logged]) assert.doesNotMatch(text, /script/);
    assert.deepEqual(JSON.parse(JSON.stringify(response)), response);
  });

  it('is stored as base64 when it is no text', async () => {
    const { response } = await storedFrom(transport, { fault: 'not_text' });
    assert.deepEqual(
      [response.bodyEncoding, response.body],
      ['base64', Buffer.from('\xff\xfe\0\x80', 'latin1').toString('base64')],
    );
  });

  it('is bounded in headers', async () => {
    const { response } = await storedFrom(transport, { fault: 'crowded_head' });
    const entries = Object.entries(response.headers);
    assert.equal(entries.length, MAX_STORED_HEADERS);
    assert.ok(entries.join('').length <= MAX_STORED_HEADER_LENGTH);
  });

  it('is bounded in its body, of which a cut character at the end is left out', async () => {
    const { response } = await storedFrom(transport, { fault: 'endless_body', status: 500 });
    assert.deepEqual(
      [response.body.length, response.bodyTruncated, response.bodyComplete],
      [16 * 1024, true, false],
    );
  });

  it('ends every attempt in order, however its bytes were changed', async () => {
    const answer =
      'HTTP/1.1 200 OK\r\nx-one: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    const change = fc.record({
      at: fc.nat({ max: answer.length }),
      remove: fc.nat({ max: 8 }),
      insert: fc.oneof(
        fc.constantFrom(
          '\r\n',
          '\n',
          '\0',
          '\r\n\r\n',
          'content-length: 1\r\n',
          '-1',
          'fffffffffff',
          ':',
          ' ',
        ),
        fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      ),
    });
    let bytes = answer;
    const world = new TransportWorld((options) => transport.create(options), undefined);
    const server = new RawServer((socket) => socket.write(Buffer.from(bytes, 'latin1'), () => socket.end()));
    await server.listen();
    try {
      const opened = await world.open();
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          bytes = answer;
          for (const { at, remove, insert } of changes)
            bytes = bytes.slice(0, at) + insert + bytes.slice(at + remove);
          const result = await world.send(opened, server.url()).result;
          assert.notEqual(result.kind, 'fault', inspect({ bytes, result }));
        }),
        { numRuns: 400 },
      );
    } finally {
      await world.close();
      await server.close();
    }
  });
});
