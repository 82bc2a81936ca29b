/** The handlers in real servers of each framework, over real sockets. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import {
  memorySeenStore,
  type Refusal,
  type WebhookHandlerOptions,
  type WebhookMessage,
} from '../../src/receiver/index.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { standardV1 } from '../support/expected-signatures.ts';
import { BODY, ID, KEY, NOW, SECONDS, signedCases } from './signed.ts';
import { SERVERS } from './servers.ts';

const { headers: SIGNED } = signedCases()['standard']!;

/** Options that record what becomes of each request. */
function recording(options: Partial<WebhookHandlerOptions> = {}) {
  const messages: WebhookMessage[] = [];
  const errors: unknown[] = [];
  const refusals: Refusal[] = [];
  const all: WebhookHandlerOptions = {
    secret: KEY,
    now: () => NOW,
    handle: (message) => void messages.push(message),
    onError: (error) => void errors.push(error),
    onRefused: (refusal) => void refusals.push(refusal),
    ...options,
  };
  return { options: all, messages, errors, refusals };
}

async function post(url: string, body: string | Uint8Array = BODY, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body: body as string,
    headers: { 'content-type': 'application/json', ...SIGNED, ...headers },
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Headers of a genuine request with this body. */
const signedHeaders = (body: string | Uint8Array, id = ID): Record<string, string> => ({
  'webhook-id': id,
  'webhook-signature': standardV1(KEY, id, SECONDS, body),
});

describe.each(Object.entries(SERVERS))('on %s', (_, start) => {
  it('a message of the dispatcher is handled, and delivered', async () => {
    await using harness = await createHarness();
    const world = recording({ now: () => harness.clock.now() });
    await using server = await start(world.options);
    const endpoint = await harness.createEndpoint({ url: server.url, secret: KEY });
    const { id } = await harness.dispatcher.emit('job.done', { note: 'ü 😀' });
    await harness.dispatcher.drain();
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      attemptLog: [{ response: { status: 204 } }],
    });
    expect(world).toMatchObject({
      messages: [{ id, type: 'job.done', data: { note: 'ü 😀' } }],
      errors: [],
      refusals: [],
    });
  });

  it.each(['application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', 'x/y'])(
    'the raw body is read whatever the content type: %s',
    async (type) => {
      const world = recording({ envelope: 'bytes' });
      await using server = await start(world.options);
      const body = Uint8Array.of(0xef, 0xbb, 0xbf, 0xff, 0, 0x0d, 0x0a);
      const { status } = await post(server.url, body, { ...signedHeaders(body), 'content-type': type });
      expect([status, world.refusals]).toEqual([204, []]);
      expect(world.messages).toMatchObject([{ data: body }]);
    },
  );

  it('what is not genuine is refused in two words, and reported with the reason', async () => {
    const world = recording();
    await using server = await start(world.options);
    expect(await post(server.url, `${BODY} `)).toMatchObject({ status: 401, text: 'Unauthorized' });
    expect(await post(server.url, BODY, { 'webhook-id': 'a b' })).toMatchObject({
      status: 400,
      text: 'Bad request',
    });
    const unsigned = await fetch(server.url, { method: 'POST', body: '{}' });
    expect([unsigned.status, await unsigned.text()]).toEqual([401, 'Unauthorized']);
    const empty = await fetch(server.url, { method: 'POST' });
    expect(empty.status).toBe(401);
    const body = '{"other":"envelope"}';
    expect(await post(server.url, body, signedHeaders(body))).toMatchObject({
      status: 400,
      text: 'Bad request',
    });
    expect(world.refusals.map(({ reason }) => reason)).toEqual([
      'signature_mismatch',
      'malformed_header',
      'missing_header',
      'missing_header',
      'malformed_body',
    ]);
    expect([world.messages, world.errors]).toEqual([[], []]);
  });

  it('a body is read up to the limit, and not one byte further, with a length or without', async () => {
    const world = recording({ maxBodyBytes: BODY.length + 10, envelope: 'bytes' });
    await using server = await start(world.options);
    const longest = 'x'.repeat(BODY.length + 10);
    expect(await post(server.url, longest, signedHeaders(longest))).toMatchObject({ status: 204 });
    const tooLong = `${longest}x`;
    expect(await post(server.url, tooLong, signedHeaders(tooLong))).toMatchObject({
      status: 413,
      text: 'Content too large',
    });
    expect(await endlessPost(server.url)).toMatch(/^HTTP\/1.1 413 /);
    expect(world.refusals.map(({ reason }) => reason)).toEqual(['body_too_large', 'body_too_large']);
    expect(world.messages).toHaveLength(1);
  });

  it('a body of more than the default of the framework is read, if it is allowed', async () => {
    const world = recording({ maxBodyBytes: Infinity });
    await using server = await start(world.options);
    const body = BODY.replace('ü', 'ü'.repeat(1_500_000));
    expect(await post(server.url, body, signedHeaders(body))).toMatchObject({ status: 204 });
    expect(world.messages).toHaveLength(1);
  });

  it('a body that is cut off is no message', async () => {
    const world = recording();
    await using server = await start(world.options);
    const { hostname, port, pathname } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const head = Object.entries(SIGNED).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\n${head.join('')}content-length: 5000\r\n\r\n${BODY}`,
    );
    await once(socket, 'ready');
    // The server has the head once it answers the second request of another connection.
    await post(server.url, `${BODY} `);
    socket.destroy();
    await vi.waitUntil(() => world.refusals.some(({ reason }) => reason === 'body_incomplete'));
    expect([world.messages, world.errors]).toEqual([[], []]);
  });

  it('what handle throws is answered 500 without a word of it, and the next attempt is handled', async () => {
    await using harness = await createHarness();
    const trouble = new Error('secret of the receiver');
    const handled: unknown[] = [];
    const world = recording({
      now: () => harness.clock.now(),
      deduplicate: { store: memorySeenStore({ now: () => harness.clock.now() }) },
      handle: async (message) => {
        handled.push(message.id);
        if (handled.length === 1) throw trouble;
      },
    });
    await using server = await start(world.options);
    const endpoint = await harness.createEndpoint({ url: server.url, secret: KEY });
    const { id } = await harness.dispatcher.emit('job.done', {});
    await harness.advance(10_000);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({
      state: 'succeeded',
      attemptLog: [{ response: { status: 500 } }, { response: { status: 204 } }],
    });
    expect(JSON.stringify(delivery)).not.toContain('secret of the receiver');
    expect([handled, world.errors]).toEqual([[id, id], [trouble]]);
  });

  it('a message that comes again is answered, and not handled again', async () => {
    const world = recording({ deduplicate: { store: memorySeenStore() } });
    await using server = await start(world.options);
    for (let time = 0; time < 3; time += 1)
      expect(await post(server.url)).toMatchObject({ status: 204, text: '' });
    expect(await post(server.url, BODY, signedHeaders(BODY, 'msg_2'))).toMatchObject({ status: 204 });
    expect(world.messages.map(({ id }) => id)).toEqual([ID, 'msg_2']);
  });

  it('a message that comes again while it is handled is put off', async () => {
    const gate = openPromise();
    const started = openPromise();
    let times = 0;
    const world = recording({
      deduplicate: { store: memorySeenStore() },
      handle: () => {
        times += 1;
        started.resolve();
        return gate.promise;
      },
    });
    await using server = await start(world.options);
    const first = post(server.url);
    await started.promise;
    expect(await post(server.url)).toMatchObject({ status: 409 });
    gate.resolve();
    expect(await first).toMatchObject({ status: 204 });
    expect(await post(server.url)).toMatchObject({ status: 204 });
    expect(times).toBe(1);
  });

  it('the challenge of the dispatcher is answered, and only if it is genuine', async () => {
    await using harness = await createHarness({ dispatcher: { verification: 'challenge' } });
    const world = recording({
      now: () => harness.clock.now(),
      deduplicate: { store: memorySeenStore() },
    });
    await using server = await start(world.options);
    const right = await harness.createEndpoint({ url: server.url, secret: KEY });
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const wrong = await harness.createEndpoint({ url: server.url, secret: other });
    expect(await harness.dispatcher.endpoints.verify(right.id)).toMatchObject({ verified: true });
    expect(await harness.dispatcher.endpoints.verify(wrong.id)).toMatchObject({ verified: false });
    expect([world.messages, world.errors]).toEqual([[], []]);
  });

  it('with respondFirst the answer does not wait for the work', async () => {
    const gate = openPromise();
    const started = openPromise();
    const works: Promise<void>[] = [];
    const trouble = new Error('too late to tell the sender');
    const world = recording({
      respondFirst: (work) => works.push(work),
      handle: () => {
        started.resolve();
        return gate.promise;
      },
    });
    await using server = await start(world.options);
    expect(await post(server.url)).toMatchObject({ status: 204 });
    expect([works.length, world.errors]).toEqual([1, []]);
    await started.promise;
    gate.reject(trouble);
    await works[0];
    expect(world.errors).toEqual([trouble]);
  });
});

describe.each(['node:http', 'a web-standard Request'])('on %s', (name) => {
  it('refuses other methods than POST', async () => {
    const world = recording();
    await using server = await SERVERS[name]!(world.options);
    const response = await fetch(server.url);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(world.refusals).toMatchObject([{ reason: 'wrong_method' }]);
  });
});

/** A promise that is settled from outside. */
function openPromise() {
  let settle: { resolve: () => void; reject: (error: Error) => void };
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle! };
}

/** Sends a body without length that never ends, until the answer is complete. */
async function endlessPost(url: string): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  const head = Object.entries(SIGNED).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\n${head.join('')}transfer-encoding: chunked\r\n\r\n`,
  );
  const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
  const pump = (): void => {
    if (socket.writable) socket.write(chunk, () => setImmediate(pump));
  };
  let answer = '';
  socket.on('error', () => {});
  socket.on('data', (text: string) => (answer += text));
  pump();
  await once(socket, 'close');
  return answer;
}
