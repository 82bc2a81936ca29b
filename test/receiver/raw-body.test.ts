/** The body in front of which a parser may stand: what is taken, and what is said when it is gone. */
import express, { type RequestHandler } from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  createFastifyPlugin,
  createHonoHandler,
  createNodeHandler,
  type WebhookHandlerOptions,
} from '../../src/receiver/index.ts';
import { listen, serveWeb } from './servers.ts';
import { BODY, KEY, NOW, signedCases } from './signed.ts';

const { headers } = signedCases()['standard']!;

function recording() {
  const handled: unknown[] = [];
  const errors: Error[] = [];
  const options: WebhookHandlerOptions = {
    secret: KEY,
    now: () => NOW,
    handle: ({ data }) => void handled.push(data),
    onError: (error) => void errors.push(error as Error),
  };
  return { options, handled, errors };
}

const post = (url: string): Promise<Response> =>
  fetch(url, { method: 'POST', body: BODY, headers: { 'content-type': 'application/json', ...headers } });

describe('on Express', () => {
  const keepRaw = (request: IncomingMessage, _: unknown, raw: Buffer): void => {
    (request as { rawBody?: Buffer }).rawBody = raw;
  };

  it.each<[string, RequestHandler]>([
    ['express.raw()', express.raw({ type: '*/*' })],
    ['express.text()', express.text({ type: '*/*' })],
    ['express.json() that keeps request.rawBody', express.json({ verify: keepRaw })],
    ['express.json() for another content type', express.json({ type: 'application/vnd.other' })],
  ])('takes the body after %s', async (_, parser) => {
    const { options, handled, errors } = recording();
    await using server = await listen(express().use(parser).post('/hooks', createNodeHandler(options)));
    expect((await post(server.url)).status).toBe(204);
    expect([handled, errors]).toEqual([[{ note: 'ü 😀' }], []]);
  });

  it('holds to the limit when a parser has read the body', async () => {
    const { options } = recording();
    const handler = createNodeHandler({ ...options, maxBodyBytes: 10 });
    await using server = await listen(
      express()
        .use(express.raw({ type: '*/*' }))
        .post('/hooks', handler),
    );
    expect((await post(server.url)).status).toBe(413);
  });

  it('answers 500 after express.json(), and says what is wrong', async () => {
    const { options, handled, errors } = recording();
    await using server = await listen(
      express().use(express.json()).post('/hooks', createNodeHandler(options)),
    );
    const response = await post(server.url);
    expect([response.status, await response.text()]).toEqual([500, 'Failed']);
    expect(handled).toEqual([]);
    expect(errors).toMatchObject([
      { code: 'invalid_option', message: expect.stringMatching(/an object: a body that was parsed/) },
    ]);
  });
});

it('on node:http answers 500 when somebody has read the body, and left nothing', async () => {
  const { options, errors } = recording();
  const handle = createNodeHandler(options);
  await using server = await listen((request, response) => {
    request.resume().once('end', () => void handle(request, response));
  });
  expect((await post(server.url)).status).toBe(500);
  expect(errors).toMatchObject([
    { message: expect.stringMatching(/nothing has read the body, or a parser/) },
  ]);
});

it('on node:http reads a stream that was paused, or whose encoding was set', async () => {
  const { options, handled } = recording();
  const handle = createNodeHandler(options);
  await using server = await listen((request, response) => {
    if (handled.length === 0) request.pause();
    else request.setEncoding('utf8');
    void handle(request, response);
  });
  expect([(await post(server.url)).status, (await post(server.url)).status]).toEqual([204, 204]);
  expect(handled).toEqual([{ note: 'ü 😀' }, { note: 'ü 😀' }]);
});

it('on node:http lets stand what a middleware has answered that would not wait', async () => {
  const { options, handled, errors } = recording();
  let finish: () => void = () => undefined;
  const work = new Promise<void>((resolve) => (finish = resolve));
  const handle = createNodeHandler({
    ...options,
    handle: async ({ data }) => {
      await work;
      handled.push(data);
    },
  });
  const answered: Promise<void>[] = [];
  await using server = await listen((request, response) => {
    answered.push(handle(request, response));
    request.once('end', () => response.writeHead(503).end('too late'));
  });
  const response = await post(server.url);
  expect([response.status, await response.text()]).toEqual([503, 'too late']);
  finish();
  await Promise.all(answered);
  expect([handled, errors]).toEqual([[{ note: 'ü 😀' }], []]);
});

it('on node:http does not wait for a connection that has ended', async () => {
  const { options } = recording();
  const refused: string[] = [];
  const handle = createNodeHandler({ ...options, onRefused: ({ reason }) => refused.push(reason) });
  const answered: Promise<void>[] = [];
  await using server = await listen((request, response) => {
    request.destroy();
    answered.push(once(request, 'close').then(() => handle(request, response)));
  });
  await expect(post(server.url)).rejects.toThrow('fetch failed');
  await Promise.all(answered);
  expect(refused).toEqual(['body_incomplete']);
});

it('on Fastify leaves the parsers of all other routes as they are', async () => {
  const { options, handled } = recording();
  const app = fastify();
  await app.register(createFastifyPlugin({ path: '/hooks', ...options }));
  app.post('/json', (request) => ({ parsed: request.body }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    expect((await post(`${origin}/hooks`)).status).toBe(204);
    expect(await (await post(`${origin}/json`)).json()).toEqual({ parsed: JSON.parse(BODY) });
    expect(handled).toHaveLength(1);
  } finally {
    await app.close();
  }
});

it('on Hono answers 500 when middleware has read the body, and says what is wrong', async () => {
  const { options, errors } = recording();
  const app = new Hono();
  app.use(async (context, next) => {
    await context.req.json();
    await next();
  });
  app.post('/hooks', createHonoHandler(options));
  await using server = await serveWeb((request) => app.fetch(request));
  expect((await post(server.url)).status).toBe(500);
  expect(errors).toMatchObject([{ message: expect.stringMatching(/was read before it could be verified/) }]);
});
