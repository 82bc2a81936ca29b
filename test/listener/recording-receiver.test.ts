import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'vitest';
import type { Receiver } from '../../src/listener/receiver.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';

let receiver: Receiver;

beforeEach(async () => {
  receiver = await createReceiver();
});

afterEach(() => receiver.close());

async function post(path = '/', body = '{"a":1}', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(receiver.urlOf(path), { method: 'POST', body, headers });
}

describe('createReceiver', () => {
  it('records method, path, headers and the exact body', async () => {
    const before = Date.now();
    const bytes = Uint8Array.from([0x7b, 0xff, 0x00, 0x7d]);
    await fetch(receiver.urlOf('/hooks?key=1'), {
      method: 'PUT',
      body: bytes,
      headers: { 'X-Given': 'yes' },
    });
    const [request] = receiver.requests;
    assert.ok(request);
    assert.deepEqual([request.index, request.method, request.path], [0, 'PUT', '/hooks?key=1']);
    assert.equal(request.headers['x-given'], 'yes');
    assert.deepEqual(Uint8Array.from(request.body), bytes);
    assert.ok(request.receivedAt >= before && request.receivedAt <= Date.now());
    assert.equal(request.verification, undefined);
  });

  it('gives text and JSON of a body', async () => {
    await post('/', '{"caf\u00e9":1}');
    assert.equal(receiver.requests[0]!.text, '{"caf\u00e9":1}');
    assert.deepEqual(receiver.requests[0]!.json(), { 'caf\u00e9': 1 });
    await post('/', 'no json');
    assert.throws(() => receiver.requests[1]!.json(), SyntaxError);
  });

  it('keeps headers as they came, and joins those that came twice', async () => {
    const lines =
      'POST / HTTP/1.1\r\nHost: x\r\nWebhook-Id: one\r\nwebhook-id: two\r\n__proto__: x\r\ncontent-length: 0\r\n\r\n';
    const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1', () => socket.write(lines));
    const [request] = await receiver.waitFor(1);
    socket.destroy();
    assert.equal(request!.headers['webhook-id'], 'one, two');
    assert.deepEqual(request!.rawHeaders.slice(1, 3), [
      ['Webhook-Id', 'one'],
      ['webhook-id', 'two'],
    ]);
  });

  it('answers 204 unless told otherwise', async () => {
    assert.equal((await post()).status, 204);
  });

  it('answers as queued, then as always', async () => {
    receiver.reply(503, { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' }).always(201);
    assert.equal((await post()).status, 503);
    const second = await post();
    assert.deepEqual(
      [second.status, second.headers.get('retry-after'), await second.text()],
      [429, '7', 'slow down'],
    );
    assert.deepEqual([(await post()).status, (await post()).status], [201, 201]);
  });

  it('answers by path before it answers for all', async () => {
    receiver.always(200).on('/bad').reply(500).always(502);
    const statuses = [];
    for (const path of ['/bad?x=1', '/good', '/bad', '/bad']) statuses.push((await post(path)).status);
    assert.deepEqual(statuses, [500, 200, 502, 502]);
  });

  it('lets a function choose the reply by the request', async () => {
    receiver.always((request) =>
      (request.json() as { fail?: boolean }).fail === true ? 500 : { status: 202 },
    );
    assert.equal((await post('/', '{"fail":true}')).status, 500);
    assert.equal((await post('/', '{}')).status, 202);
  });

  it('answers 500 for a reply function that throws, and for a reply that cannot be sent', async () => {
    receiver.reply(
      () => {
        throw new Error('oops');
      },
      () => ({ status: 99 }),
      { headers: { 'bad name': 'x' } },
    );
    const thrown = await post();
    assert.deepEqual([thrown.status, await thrown.text()], [500, 'The reply function threw: Error: oops']);
    assert.equal((await post()).status, 500);
    assert.equal((await post()).status, 500);
  });

  it('delays a reply', async () => {
    receiver.reply({ delayMs: 30 });
    const before = performance.now();
    assert.equal((await post()).status, 204);
    // Timers may fire a millisecond early.
    assert.ok(performance.now() - before >= 29);
  });

  it('holds requests until they are released', async () => {
    receiver.hold();
    receiver.reply(201, 202);
    const answers = Promise.all([post(), post()]);
    await receiver.waitFor(2);
    assert.equal(receiver.waiting, 2);
    receiver.release();
    assert.deepEqual((await answers).map(({ status }) => status).sort(), [201, 202]);
    assert.equal((await post()).status, 204);
    assert.equal(receiver.waiting, 0);
  });

  it('holds a single reply', async () => {
    receiver.reply({ status: 201, hold: true });
    const held = post();
    await receiver.waitFor(1);
    assert.equal((await post()).status, 204);
    receiver.release();
    assert.equal((await held).status, 201);
  });

  it('resolves a wait when enough requests have come, at once when they came before', async () => {
    const waiting = receiver.waitFor(2);
    await post('/first');
    await post('/second');
    assert.deepEqual(
      (await waiting).map(({ path }) => path),
      ['/first', '/second'],
    );
    assert.equal((await receiver.waitFor(1)).length, 2);
  });

  it('fails a wait with a list of what came', async () => {
    await post('/hooks', `{"a":"${'x'.repeat(100)}"}`);
    await assert.rejects(receiver.waitFor(2, { timeoutMs: 1 }), (error: Error) => {
      assert.match(
        error.message,
        /^Expected 2 requests within 1 ms, got 1:\n {2}#0 POST \/hooks, 108 bytes: \{"a":"x+…$/,
      );
      return true;
    });
    receiver.clear();
    await assert.rejects(receiver.waitFor(1, { timeoutMs: 1 }), {
      message: 'Expected 1 requests within 1 ms, got 0',
    });
  });

  it('keeps the newest requests up to its limit, and counts all', async () => {
    await using small = await createReceiver({ maxRequests: 2 });
    for (const path of ['/1', '/2', '/3']) await fetch(small.urlOf(path), { method: 'POST' });
    assert.deepEqual(
      small.requests.map(({ path }) => path),
      ['/2', '/3'],
    );
    assert.equal(small.received, 3);
    await using none = await createReceiver({ maxRequests: 0 });
    await fetch(none.url, { method: 'POST' });
    assert.deepEqual([none.requests.length, none.received], [0, 1]);
  });

  it('keeps as much of a body as it is told, and reads and counts the rest', async () => {
    await using small = await createReceiver({ maxBodyBytes: 3 });
    for (const body of ['{"a":1}', '{}'])
      assert.equal((await fetch(small.url, { method: 'POST', body })).status, 204);
    assert.deepEqual(
      small.requests.map(({ text, bodyBytes }) => [text, bodyBytes]),
      [
        ['{"a', 7],
        ['{}', 2],
      ],
    );
  });

  it('forgets requests and replies when cleared', async () => {
    await post();
    receiver.reply(500).on('/x').always(500);
    receiver.clear();
    assert.deepEqual([receiver.requests.length, receiver.received], [0, 0]);
    assert.deepEqual([(await post('/x')).status, receiver.requests[0]!.index], [204, 0]);
  });

  it('counts connections', async () => {
    const port = Number(new URL(receiver.url).port);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    await receiver.waitFor(1);
    assert.deepEqual([receiver.connections, receiver.openConnections], [1, 1]);
    socket.destroy();
  });

  it('does not record a request that breaks off', async () => {
    const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
    await new Promise((resolve) =>
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc', resolve),
    );
    socket.destroy();
    await post();
    assert.equal(receiver.received, 1);
  });

  it('closes at once, with requests open and waits pending, and closes again', async () => {
    receiver.hold();
    const open = assert.rejects(post());
    await receiver.waitFor(1);
    const waiting = assert.rejects(receiver.waitFor(9), { message: /before the receiver was closed, got 1/ });
    await receiver.close();
    await Promise.all([open, waiting, receiver.close()]);
    await using next = await createReceiver({ port: Number(new URL(receiver.url).port) });
    assert.equal(next.url, receiver.url);
  });

  it('rejects when its port is taken', async () => {
    await assert.rejects(createReceiver({ port: Number(new URL(receiver.url).port) }), {
      code: 'EADDRINUSE',
    });
  });

  it('checks signatures when asked to', async () => {
    await using verifying = await createReceiver({ verify: { scheme: 'hex', secret: 's' } });
    const send = async (signature: string): Promise<unknown> =>
      fetch(verifying.url, { method: 'POST', body: 'body', headers: { 'x-webhook-signature': signature } });
    await send(createHmac('sha256', 's').update('body').digest('hex'));
    await send('00');
    assert.deepEqual(
      verifying.requests.map(({ verification }) => verification?.ok),
      [true, false],
    );
  });
});
