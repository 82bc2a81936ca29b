import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { recordEvents } from '../support/world.ts';

type Functions = NonNullable<DispatcherOptions['functions']>;
const HOUR = 3_600_000;

function setup(functions: Functions): Promise<Harness> {
  return createHarness({ dispatcher: { functions } });
}

const fail = (): never => {
  throw new Error('out of order');
};

describe('a named envelope', () => {
  it('builds the body of each attempt from its context', async () => {
    await using harness = await setup({
      envelope: {
        acme: async ({ message, data, attempt, maxAttempts, firstAttemptAt, now, endpoint }) => ({
          body: JSON.stringify({
            event: message.type,
            data,
            attempt,
            maxAttempts,
            ageMs: now - firstAttemptAt,
            name: endpoint.name,
            secrets: endpoint.secrets.flatMap((secret) => Object.keys(secret)),
          }),
          contentType: 'application/vnd.acme+json',
          headers: { 'X-Acme-Attempt': String(attempt) },
        }),
      },
    });
    harness.receiver.reply(500);
    await harness.createEndpoint({ envelope: 'acme', name: 'crm', retry: 'short' });
    await harness.dispatcher.emit('job.done', { n: 1 });
    await harness.advance(1_000);
    const requests = harness.receiver.requests;
    const secrets = ['hint', 'createdAt', 'expiresAt', 'publicKey'];
    const common = { event: 'job.done', data: { n: 1 }, maxAttempts: 5, name: 'crm', secrets };
    expect(requests.map((request) => request.json())).toEqual([
      { ...common, attempt: 1, ageMs: 0 },
      { ...common, attempt: 2, ageMs: 1_000 },
    ]);
    expect(requests[1]!.headers).toMatchObject({
      'content-type': 'application/vnd.acme+json',
      'x-acme-attempt': '2',
    });
  });

  it('may give bytes, which are signed and sent as they are', async () => {
    const bytes = new Uint8Array([0, 255, 1, 254]);
    await using harness = await setup({
      envelope: { binary: () => ({ body: bytes, contentType: 'application/octet-stream' }) },
    });
    await harness.createEndpoint({ envelope: 'binary', signatures: ['hex'], secret: 'a secret of 18 b.' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect([...request!.body]).toEqual([...bytes]);
    expect(request!.headers['x-webhook-signature']).toBe(
      createHmac('sha256', 'a secret of 18 b.').update(bytes).digest('hex'),
    );
  });
});

describe('a named signature', () => {
  it('gets the bytes, the time of the attempt and the secrets', async () => {
    await using harness = await setup({
      signature: {
        acme: ({ body, timestamp, secrets, message }) => ({
          'X-Acme': `${timestamp}:${message.id}:${createHmac('sha1', secrets[0]!).update(body).digest('hex')}`,
        }),
      },
    });
    await harness.createEndpoint({ signatures: ['acme'], secret: 'literal secret text' });
    const { id } = await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    const digest = createHmac('sha1', 'literal secret text').update(request!.body).digest('hex');
    expect(request!.headers['x-acme']).toBe(`${Math.floor(harness.clock.now() / 1000)}:${id}:${digest}`);
    expect(request!.headers).not.toHaveProperty('webhook-signature');
  });
});

describe('a named header', () => {
  it('is computed per attempt, and left out when undefined', async () => {
    await using harness = await setup({
      header: {
        slug: ({ message }) => message.type.replaceAll('.', '-'),
        maybe: ({ attempt }) => (attempt > 1 ? 'again' : undefined),
      },
    });
    harness.receiver.reply(500);
    await harness.createEndpoint({
      retry: 'short',
      computedHeaders: {
        'X-Event': 'slug',
        'X-Again': 'maybe',
        'X-Attempt': 'attempt',
        'X-Id': 'message.id',
      },
    });
    const { id } = await harness.dispatcher.emit('job.done', {});
    await harness.advance(1_000);
    const [first, second] = harness.receiver.requests;
    expect(first!.headers).toMatchObject({ 'x-event': 'job-done', 'x-attempt': '1', 'x-id': id });
    expect(first!.headers).not.toHaveProperty('x-again');
    expect(second!.headers).toMatchObject({ 'x-attempt': '2', 'x-again': 'again' });
  });
});

describe('a named filter', () => {
  it('decides who gets a message', async () => {
    await using harness = await setup({ filter: { vip: ({ data }) => (data as { vip: boolean }).vip } });
    await harness.createEndpoint({ filter: { $custom: 'vip' } });
    await harness.dispatcher.emit('job.done', { vip: false });
    await harness.dispatcher.emit('job.done', { vip: true });
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
  });

  it('that answers with a promise is a fault, not a yes', async () => {
    await using harness = await setup({ filter: { later: (async () => false) as never } });
    const endpoint = await harness.createEndpoint({ filter: { $custom: 'later' } });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.received).toBe(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'failed', reason: 'function_failed' },
    ]);
  });
});

describe('a named shouldRetry', () => {
  it('has the last word over retryOn, in both directions, but not over the number of attempts', async () => {
    const asked: unknown[] = [];
    await using harness = await setup({
      shouldRetry: {
        acme: ({ outcome, attempt, maxAttempts }) => {
          asked.push([outcome.response?.status, attempt, maxAttempts]);
          const status = outcome.response?.status;
          return status === 404 ? true : status === 500 ? false : undefined;
        },
      },
    });
    const settings = {
      shouldRetry: 'acme',
      retryOn: ['5xx'],
      retry: { kind: 'schedule', delaysMs: [10] },
    } as const;
    harness.receiver.on('/404').always(404);
    harness.receiver.on('/500').always(500);
    harness.receiver.on('/503').always(503);
    const attempts: Record<string, number> = {};
    for (const path of ['/404', '/500', '/503']) {
      const endpoint = await harness.createEndpoint({ url: harness.receiver.urlOf(path), ...settings });
      await harness.dispatcher.emit('job.done', {}, { to: [endpoint.id] });
      await harness.advance(1_000);
      const [delivery] = await harness.deliveriesTo(endpoint);
      expect(delivery!.state).toBe('exhausted');
      attempts[path] = delivery!.attempts;
    }
    expect(attempts).toEqual({ '/404': 2, '/500': 1, '/503': 2 });
    expect(asked[0]).toEqual([404, 1, 2]);
  });
});

describe('a named retryDelay', () => {
  it('gives each delay and ends the run with undefined', async () => {
    await using harness = await setup({
      retryDelay: { linear: ({ attempt }) => (attempt < 4 ? attempt * 1_000 : undefined) },
    });
    const startedAt = harness.clock.now();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push(harness.clock.now() - startedAt);
      return 500;
    });
    const endpoint = await harness.createEndpoint({ retry: { kind: 'custom', name: 'linear' } });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    expect(arrivals).toEqual([0, 1_000, 3_000, 6_000]);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 4 }]);
  });

  it('is bounded by maxAttempts', async () => {
    await using harness = await setup({ retryDelay: { always: () => 1_000 } });
    harness.receiver.always(500);
    await harness.createEndpoint({ retry: { kind: 'custom', name: 'always', maxAttempts: 3 } });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    expect(harness.receiver.received).toBe(3);
  });
});

const cyclicBody = { body: 7, contentType: 'text/plain' } as never;
const FAULTS: readonly [what: string, functions: Functions, settings: object, detail: RegExp][] = [
  [
    'an envelope that throws',
    { envelope: { x: fail } },
    { envelope: 'x' },
    /^the envelope function \"x\".* threw: out of order/,
  ],
  [
    'an envelope that rejects',
    { envelope: { x: async () => fail() } },
    { envelope: 'x' },
    /^the envelope function \"x\".* threw: out of order/,
  ],
  ['an envelope without a body', { envelope: { x: () => cyclicBody } }, { envelope: 'x' }, /body/],
  [
    'an envelope with a bad content type',
    { envelope: { x: () => ({ body: '', contentType: 'a\nb' }) } },
    { envelope: 'x' },
    /content-type/,
  ],
  [
    'an envelope that writes a header of the signature',
    { envelope: { x: () => ({ body: '', contentType: 'text/plain', headers: { 'Webhook-Id': '1' } }) } },
    { envelope: 'x' },
    /Webhook-Id/,
  ],
  [
    'a signature that throws',
    { signature: { x: fail } },
    { signatures: ['x'] },
    /^the signature function \"x\".* threw: out of order/,
  ],
  [
    'a signature that rejects',
    { signature: { x: async () => fail() } },
    { signatures: ['x'] },
    /^the signature function \"x\".* threw: out of order/,
  ],
  [
    'a signature without headers',
    { signature: { x: () => null as never } },
    { signatures: ['x'] },
    /headers/,
  ],
  [
    'a signature with a bad header value',
    { signature: { x: () => ({ 'X-Sign': 'a\r\nb: c' }) } },
    { signatures: ['x'] },
    /X-Sign/,
  ],
  [
    'a signature that writes a reserved header',
    { signature: { x: () => ({ Host: 'evil.example' }) } },
    { signatures: ['x'] },
    /Host/,
  ],
  ['a header that throws', { header: { x: fail } }, { computedHeaders: { 'X-A': 'x' } }, /out of order/],
  [
    'a header that rejects',
    { header: { x: (async () => fail()) as never } },
    { computedHeaders: { 'X-A': 'x' } },
    /X-A/,
  ],
  ['a header with a line break', { header: { x: () => 'a\nb' } }, { computedHeaders: { 'X-A': 'x' } }, /X-A/],
];

describe('a named function that an attempt needs', () => {
  it.each(FAULTS)('%s is the fault of the dispatcher, tried five times and then failed', async (...row) => {
    const [, functions, settings, detail] = row;
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    try {
      await using harness = await setup(functions);
      const failed = recordEvents(harness.dispatcher, 'delivery.failed');
      const retrying = recordEvents(harness.dispatcher, 'delivery.retrying');
      const errors = recordEvents(harness.dispatcher, 'error');
      const endpoint = await harness.createEndpoint({ secret: undefined, ...settings });
      await harness.dispatcher.emit('job.done', {});
      await harness.advance(HOUR);
      const [delivery] = await harness.deliveriesTo(endpoint);
      expect(delivery).toMatchObject({ state: 'failed', attempts: 0, faults: 5 });
      expect(delivery!.attemptLog).toHaveLength(5);
      expect(delivery!.attemptLog[0]!.detail).toMatch(detail);
      expect(failed).toMatchObject([{ event: { final: true, deliveryId: delivery!.id } }]);
      expect(retrying.map(({ event }) => event['outcome'])).toEqual(
        Array<string>(4).fill('dispatcher_failed'),
      );
      // At once, and after 10, 30, 70 and 150 s, but not twice within a minute.
      expect(errors).toHaveLength(3);
      expect(errors[0]!.event['error']).toMatchObject({
        code: 'send_failed',
        reason: delivery!.reason,
        endpointId: endpoint.id,
        deliveryId: delivery!.id,
        message: expect.stringContaining(delivery!.attemptLog[0]!.detail!) as string,
      });
      expect((await harness.dispatcher.health()).lastError).toBeDefined();
      expect(harness.receiver.connections).toBe(0);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', onUnhandled);
    }
  });

  it('that hangs ends with the deadline of its attempt, as the fault of the dispatcher', async () => {
    await using harness = await setup({ envelope: { hangs: () => new Promise(() => undefined) } });
    const endpoint = await harness.createEndpoint({ envelope: 'hangs', timeoutMs: 1_000 });
    await harness.dispatcher.emit('job.done', {});
    for (let count = 0; count < 5; count += 1) await harness.clock.advance(200_000);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'failed', reason: 'function_failed', attempts: 0, faults: 5 });
    expect(delivery!.attemptLog[0]!.detail).toBe(
      'the envelope function "hangs" took longer than the 1000 ms of the attempt',
    );
    expect(harness.receiver.connections).toBe(0);
  });

  it('is named by its kind, its name and its endpoint where it decides what follows', async () => {
    await using harness = await setup({
      shouldRetry: { picky: fail },
      retryDelay: { linear: fail },
      filter: { vip: fail },
    });
    const errors = recordEvents(harness.dispatcher, 'error', 'delivery.failed');
    harness.receiver.always(500);
    const retry = { kind: 'custom', name: 'linear' } as const;
    const tried = await harness.createEndpoint({ retry, shouldRetry: 'picky', events: ['job.*'] });
    const filtered = await harness.createEndpoint({ filter: { $custom: 'vip' }, events: ['invoice.*'] });
    await harness.dispatcher.emit('job.done', {});
    await harness.dispatcher.emit('invoice.paid', {});
    await harness.advance(0);
    const texts = errors.map(({ event }) => (event['detail'] ?? (event['error'] as Error).message) as string);
    expect(new Set(texts)).toEqual(
      new Set([
        `The shouldRetry function "picky" of endpoint ${tried.id} threw: out of order`,
        `The retryDelay function "linear" of endpoint ${tried.id} threw: out of order`,
        `The filter function "vip" of endpoint ${filtered.id} threw: out of order`,
        'the filter function "vip" threw',
      ]),
    );
  });

  it('must be registered when an endpoint names it', async () => {
    await using harness = await setup({
      envelope: { acme: () => ({ body: '', contentType: 'text/plain' }) },
    });
    await expect(harness.createEndpoint({ envelope: 'amce' })).rejects.toThrow('"acme"');
    await expect(harness.createEndpoint({ signatures: ['acme'] })).rejects.toThrow('functions.signature');
  });
});
