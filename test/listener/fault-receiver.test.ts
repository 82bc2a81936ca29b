import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import type { FaultReceiver, FaultReceiverOptions } from '../../src/listener/fault-options.ts';
import { createFaultReceiver } from '../../src/listener/fault-receiver.ts';
import { FAULT_NAMES } from '../../src/listener/faults.ts';

const REQUEST = 'POST /hooks HTTP/1.1\r\nhost: x\r\nWebhook-Id: one\r\ncontent-length: 7\r\n\r\n{"a":1}';
const open: (FaultReceiver | Socket)[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) {
    if ('destroy' in each) each.destroy();
    else await each.close();
  }
});

async function start(options: FaultReceiverOptions): Promise<FaultReceiver> {
  const receiver = await createFaultReceiver(options);
  open.push(receiver);
  return receiver;
}

async function dial(receiver: FaultReceiver): Promise<Socket> {
  const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
  open.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes back until the connection ends. */
async function answerOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

describe('createFaultReceiver', () => {
  it('records requests and counts bytes and connections, whatever it does to them', async () => {
    const receiver = await start({ fault: 'close_after_request' });
    const socket = await dial(receiver);
    socket.write(REQUEST);
    assert.equal(await answerOf(socket), '');
    const [request] = await receiver.waitFor(1);
    assert.deepEqual([request?.method, request?.path, request?.text], ['POST', '/hooks', '{"a":1}']);
    assert.equal(request?.headers['webhook-id'], 'one');
    assert.deepEqual([receiver.connections, receiver.received, receiver.played], [1, 1, 1]);
    assert.deepEqual([receiver.bytesReceived, receiver.bytesSent], [REQUEST.length, 0]);
  });

  it('keeps as many requests, and as much of them, as it is told', async () => {
    const receiver = await start({ fault: 'status', maxRequests: 2, maxBodyBytes: 3 });
    const socket = await dial(receiver);
    socket.write(REQUEST.repeat(5));
    await receiver.waitFor(5);
    assert.equal(receiver.received, 5);
    assert.deepEqual(
      receiver.requests.map(({ index, text }) => [index, text]),
      [
        [3, '{"a'],
        [4, '{"a'],
      ],
    );
  });

  it('tells of each request, and each time that it has played its fault', async () => {
    const told: string[] = [];
    const receiver = await start({
      fault: 'reset_after_request',
      maxBodyBytes: 3,
      maxRequests: 0,
      onRequest: ({ text, bodyBytes }) => told.push(`${text} of ${bodyBytes}`),
      onPlayed: () => told.push('played'),
    });
    for (let connection = 1; connection <= 2; connection += 1) {
      (await dial(receiver)).write(REQUEST);
      await receiver.waitForPlayed(connection);
    }
    assert.deepEqual(told, ['{"a of 7', 'played', '{"a of 7', 'played']);
    await assert.rejects(
      start({ fault: 'status', onPlayed: 1 as never }),
      /onPlayed: expected a function, got 1/,
    );
  });

  it('answers with the status and the headers that it is told', async () => {
    const receiver = await start({ fault: 'short_body', status: 503, headers: { 'retry-after': '7' } });
    const socket = await dial(receiver);
    socket.write(REQUEST);
    const answer = await answerOf(socket);
    assert.equal(answer, 'HTTP/1.1 503 Answer\r\nretry-after: 7\r\ncontent-length: 10\r\n\r\nabc');
    assert.equal(receiver.bytesSent, answer.length);
  });

  it('answers 204 after it has recovered, at the same URL', async () => {
    for (const fault of ['connection_refused', 'never_answers', 'close_on_connect'] as const) {
      const receiver = await start({ fault });
      await receiver.recover();
      const response = await fetch(receiver.url, { method: 'POST', body: '{}' });
      assert.equal(response.status, 204, fault);
    }
  });

  it('shows a certificate that its ca vouches for, once it has recovered', async () => {
    for (const fault of ['tls_untrusted', 'tls_expired', 'tls_other_host', 'tls_stalled'] as const) {
      const receiver = await start({ fault });
      await receiver.recover();
      const { port, hostname } = new URL(receiver.url);
      const socket = connectTls({ port: Number(port), servername: hostname, ca: receiver.ca });
      open.push(socket);
      await once(socket, 'secureConnect');
      assert.equal(socket.authorized, true, fault);
    }
  });

  it('resolves its name to itself', async () => {
    const receiver = await start({ fault: 'dns_not_found' });
    const ask = (): Promise<unknown> =>
      new Promise((resolve) =>
        receiver.lookup('receiver.test', { all: true }, (error, addresses) =>
          resolve(error === null ? addresses : (error as NodeJS.ErrnoException).code),
        ),
      );
    assert.equal(await ask(), 'ENOTFOUND');
    await receiver.recover();
    assert.deepEqual(await ask(), [{ address: '127.0.0.1', family: 4 }]);
  });

  it('ends every socket when it is closed, of any fault, also a second time', async () => {
    for (const fault of FAULT_NAMES) {
      const receiver = await start({ fault, dripMs: 1 });
      if (fault !== 'connection_refused') {
        // One of the faults is to reset a connection before the peer knows that it was made.
        const socket = await dial(receiver).catch(() => undefined);
        socket?.write(REQUEST);
        await receiver.close();
      }
      await receiver.close();
      assert.equal(receiver.openConnections, 0, fault);
    }
  });

  it('rejects those who wait when it is closed', async () => {
    const receiver = await start({ fault: 'never_answers' });
    await dial(receiver);
    const waits = [receiver.waitFor(1), receiver.waitForPlayed(1)].map((wait) =>
      assert.rejects(
        wait,
        /^Error: Expected 1 (requests|plays of the fault) before the receiver was closed, got 0/,
      ),
    );
    await receiver.close();
    await Promise.all(waits);
  });

  it('survives peers that leave in the middle', async () => {
    for (const fault of ['endless_body', 'trickled_body', 'tls_untrusted', 'early_reset'] as const) {
      const receiver = await start({ fault, dripMs: 1 });
      const socket = await dial(receiver);
      socket.write(REQUEST);
      socket.resetAndDestroy();
      await receiver.waitForIdle();
    }
  });

  it.each([
    [{ fault: 'reset_on_reus' }, 'fault', /Did you mean "reset_on_reuse"\?/],
    [{}, 'fault', /the name of a fault/],
    [{ fault: 'status', status: 99 }, 'status', /from 200 to 999, got 99/],
    [{ fault: 'status', headers: { a: 1 } }, 'headers.a', /a string, got 1/],
    [{ fault: 'status', tls: 'yes' }, 'tls', /true or false/],
    [{ fault: 'status', port: -1 }, 'port', /from 0 to 65535/],
    [{ fault: 'status', dripMs: 0 }, 'dripMs', /from 1 to 60000/],
    [{ fault: 'status', maxRequests: 1.5 }, 'maxRequests', /whole number/],
    [{ fault: 'status', maxBodyBytes: -1 }, 'maxBodyBytes', /whole number/],
    [{ fault: 'status', statsu: 200 }, 'faultReceiver.statsu', /Did you mean "status"\?/],
  ])('refuses %o', async (options, path, message) => {
    await assert.rejects(createFaultReceiver(options as never), (error: unknown) => {
      assert.ok(error instanceof OptionsError);
      assert.equal(error.path, path);
      assert.match(error.message, message);
      return true;
    });
  });
});
