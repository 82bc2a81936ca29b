import { describe, expect, it } from 'vitest';
import { OptionsError, StoreError } from '../../src/errors.ts';
import type { WebhookApiOptions } from '../../src/http/api-options.ts';
import { OPERATIONS } from '../../src/http/operations.ts';
import type { Scope } from '../../src/http/principal.ts';
import { createWebhookApi } from '../../src/http/webhook-api.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { decorateStore } from '../support/world.ts';
import { authorize, createApiWorld, HOST, KEYS, readAnswer, toRequest } from '../support/api-world.ts';

const URL_A = 'https://receiver.example/hooks';
const ROUTES = OPERATIONS.map(({ method, path, scope, name }) => ({
  name,
  scope,
  route: (id: string) => `${method.toUpperCase()} ${path.replace('{id}', id)}`,
  hasId: path.includes('{id}'),
  kind: path.startsWith('/deliveries') ? 'delivery' : path.startsWith('/messages') ? 'message' : 'webhook',
}));

describe('an API without authorize', () => {
  it.each([[undefined], [{}], [{ authorize: undefined }], [{ authorize: true }], [{ basePath: '/api' }]])(
    'is not made: %j',
    (options) => {
      const create = (): unknown => createWebhookApi(new WebhookDispatcher(), options as WebhookApiOptions);
      expect(create).toThrow(OptionsError);
      expect(create).toThrow(/^authorize: expected a function/);
    },
  );

  it.each([
    [{ basePath: 'api' }, 'basePath'],
    [{ basePath: '/api/' }, 'basePath'],
    [{ allowedOrigins: ['https://a.example/path'] }, 'allowedOrigins[0]'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
    [{ rateLimits: { tests: false } }, 'rateLimits.tests'],
    [{ filterFields: { a: { path: 'machine' } } }, 'filterFields.a.path'],
    [{ filterFields: { a: { path: 'data.a' }, b: { path: 'data.a', op: '$in' } } }, 'filterFields.b'],
    [{ accept: {} }, 'accept'],
    [{ authorise: authorize }, 'authorise'],
  ])('nor is one with wrong options: %j', (options, path) => {
    const create = (): unknown =>
      createWebhookApi(new WebhookDispatcher(), { authorize, ...options } as WebhookApiOptions);
    expect(create).toThrow(expect.objectContaining({ code: 'invalid_option', path }));
  });

  it('nor is one without a dispatcher', () => {
    expect(() => createWebhookApi({ authorize } as never, { authorize })).toThrow(/^dispatcher: /);
  });
});

describe('every route', () => {
  it.each(ROUTES)('$name lets nobody in without a key, or with a wrong one', async ({ route }) => {
    await using world = await createApiWorld();
    for (const headers of [
      {},
      { authorization: 'Bearer x' },
      { authorization: `Basic ${KEYS.alice}` },
      { cookie: 'a=b' },
    ]) {
      const answered = await world.call(route('x'), {
        as: null,
        headers: { 'sec-fetch-site': 'same-origin', ...headers },
      });
      expect(answered).toMatchObject({ status: 401, error: { code: 'unauthenticated' } });
      expect(answered.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it.each(ROUTES)('$name needs the scope $scope, and no other will do', async ({ route, scope }) => {
    const others = (['read', 'write', 'secrets'] as const).filter((each) => each !== scope);
    await using world = await createApiWorld({
      authorize: () => ({ id: 'somebody', tenant: 'tenant-a', scopes: others satisfies Scope[] }),
    });
    const answered = await world.call(route('x'));
    expect(answered).toMatchObject({
      status: 403,
      error: { code: 'forbidden', message: `This needs the scope ${scope}.` },
    });
  });

  it.each(['PATCH', 'PUT'])(
    'credentials are sent to no other origin by %s without the scope secrets',
    async (method) => {
      let scopes: Scope[] = ['read', 'write', 'secrets'];
      await using world = await createApiWorld({
        authorize: () => ({ id: 'somebody', tenant: 'tenant-a', scopes }),
      });
      const headers = { authorization: 'Bearer of-the-receiver', 'x-team': 'a' };
      const { data } = await world.call('POST ', { body: { url: URL_A, headers } });
      scopes = ['read', 'write'];
      const change = (body: object): Promise<{ readonly status: number }> =>
        world.call(`${method} /${data.id}`, { body });
      const elsewhere = { url: 'https://elsewhere.example/hooks' };
      const hidden = { authorization: '********', 'x-team': 'a' };
      expect(await change({ ...elsewhere, headers: hidden })).toMatchObject({
        status: 403,
        error: { code: 'forbidden', field: 'url' },
      });
      expect(await change({ url: `${URL_A}/other`, headers: hidden })).toMatchObject({ status: 200 });
      if (method === 'PATCH') expect(await change(elsewhere)).toMatchObject({ status: 403 });
      expect(await change({ ...elsewhere, headers: null })).toMatchObject({ status: 200 });
      await change({ url: URL_A, headers });
      scopes = ['read', 'write', 'secrets'];
      expect(await change({ ...elsewhere, headers: hidden })).toMatchObject({ status: 200 });
    },
  );

  it.each(ROUTES.filter(({ hasId }) => hasId))(
    '$name answers about what belongs to another tenant as about what is not there',
    async ({ route, kind }) => {
      await using world = await createApiWorld();
      const { data } = await world.call('POST ', { body: { url: world.harness.receiver.url } });
      const emitted = await world.call('POST /messages', { body: { event_type: 'job.a', data: 1 } });
      await world.harness.advance(0);
      const ids = { webhook: data.id, message: emitted.data.id, delivery: emitted.data.deliveries[0]!.id };
      const before = await world.call(`GET /${data.id}`);
      const body = /^(PUT|PATCH)/.test(route('x')) ? { body: { url: URL_A } } : {};
      const theirs = await world.call(route(ids[kind as keyof typeof ids]), { as: 'bob', ...body });
      const missing = await world.call(route('ep_missing'), { as: 'bob', ...body });
      expect([theirs.status, theirs.error]).toEqual([404, missing.error]);
      expect(missing.status).toBe(404);
      expect((await world.call(`GET /${data.id}`)).data).toEqual(before.data);
    },
  );

  it.each(ROUTES.filter(({ hasId }) => hasId))(
    '$name finds nothing under what is no id',
    async ({ route }) => {
      await using world = await createApiWorld();
      for (const id of ['a%0d%0ab', '..%2f..', '%00', 'a'.repeat(300), '%E0%A4%A'])
        expect((await world.call(route(id))).status).toBe(404);
    },
  );
});

describe('lists, numbers and bodies', () => {
  it('show and touch nothing of another tenant', async () => {
    await using world = await createApiWorld();
    const { data } = await world.call('POST ', { body: { url: world.harness.receiver.url } });
    world.harness.receiver.always(500);
    const emitted = await world.call('POST /messages', {
      body: { event_type: 'job.a', data: 'of tenant-a' },
    });
    await world.harness.advance(30 * 3_600_000);
    for (const path of [
      '',
      '/deliveries',
      '/messages',
      `/deliveries?webhook_id=${data.id}`,
      `/deliveries?message_id=${emitted.data.id}`,
    ])
      expect((await world.call(`GET ${path}`, { as: 'bob' })).data).toEqual([]);
    expect((await world.call('GET /queue/stats', { as: 'bob' })).data).toMatchObject({ total_deliveries: 0 });
    const explained = await world.call('POST /explain', {
      as: 'bob',
      body: { event_type: 'job.a', data: 1 },
    });
    expect(explained.data).toEqual([]);
    for (const [route, body] of [
      ['POST /explain', { event_type: 'job.a', data: 1, webhook_id: data.id }],
      ['POST /queue/retry-failed', { webhook_id: data.id }],
      ['POST /queue/replay', { webhook_id: data.id }],
    ] as const)
      expect(await world.call(route, { as: 'bob', body })).toMatchObject({
        status: 404,
        error: { code: 'not_found' },
      });
    expect((await world.call('POST /queue/retry-failed', { as: 'bob' })).data).toMatchObject({
      retried: 0,
      messages: 0,
    });
    expect((await world.call('POST /queue/replay', { as: 'bob' })).data).toMatchObject({
      retried: 0,
      created: 0,
      messages: 0,
    });
    expect((await world.call('POST /queue/retry-failed')).data).toMatchObject({ retried: 1 });
  });

  it('keep idempotency keys of tenants apart', async () => {
    await using world = await createApiWorld();
    const headers = { 'idempotency-key': 'the same' };
    const first = await world.call('POST /messages', { body: { event_type: 'a', data: 1 }, headers });
    const second = await world.call('POST /messages', {
      as: 'bob',
      body: { event_type: 'a', data: 2 },
      headers,
    });
    expect(second).toMatchObject({ status: 202, data: { duplicate: false } });
    expect(second.data.id).not.toBe(first.data.id);
  });
});

describe('a body', () => {
  const endless = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(32)) });

  it('that is too large is refused before it is read', async () => {
    await using world = await createApiWorld({ maxBodyBytes: 1000 });
    const announced = await world.call('POST ', {
      rawBody: ' '.repeat(1001),
      headers: { 'content-length': '1001' },
    });
    expect(announced).toMatchObject({ status: 413, error: { code: 'too_large' } });
    expect((await world.call('POST ', { rawBody: ' '.repeat(1001) })).status).toBe(413);
    expect((await world.call('POST ', { rawBody: endless() })).status).toBe(413);
    expect((await world.call('POST ', { rawBody: JSON.stringify({ url: URL_A }).padEnd(1000) })).status).toBe(
      201,
    );
  });

  it.each([
    ['{', 400, 'malformed'],
    ['[]', 400, 'malformed'],
    ['null', 400, 'malformed'],
    ['"text"', 400, 'malformed'],
    [new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'malformed'],
    ['['.repeat(100_000), 400, 'malformed'],
    [`{"url":"${URL_A}","metadata":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`, 422, 'invalid_request'],
    [
      `{"url":"${URL_A}","filters":{"data.a":${'{"$not":'.repeat(50)}1${'}'.repeat(50)}}}`,
      422,
      'invalid_request',
    ],
    [`{"url":"${URL_A}","__proto__":{"name":"polluted"}}`, 422, 'invalid_request'],
    [`{"url":"${URL_A}","filters":{"__proto__":1}}`, 422, 'invalid_request'],
    [`{"url":"${URL_A}","headers":{"__proto__":"a"}}`, 422, 'invalid_request'],
    [`{"url":"${URL_A}","metadata":{"__proto__":{"name":"polluted"}}}`, 422, 'invalid_request'],
    [`{"url":"${URL_A}","constructor":1}`, 422, 'invalid_request'],
  ])('that is wrong is refused: %.40s', async (rawBody, status, code) => {
    await using world = await createApiWorld();
    const answered = await world.call('POST ', { rawBody });
    expect(answered).toMatchObject({ status, error: { code } });
    expect((await world.call('GET ')).data).toEqual([]);
    expect({}).not.toHaveProperty('name');
  });

  it.each(['metadata', 'filters', 'headers', 'retry_config', 'secret', 'name'])(
    'with %s that is nested too deeply is refused, whatever it is to change',
    async (member) => {
      await using world = await createApiWorld();
      const { data } = await world.call('POST ', { body: { url: URL_A } });
      for (const depth of [100, 1000, 10_000, 40_000]) {
        const rawBody = `{"url":"${URL_A}","${member}":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
        for (const method of ['PATCH', 'PUT'])
          expect(await world.call(`${method} /${data.id}`, { rawBody })).toMatchObject({
            status: 422,
            error: { code: 'invalid_request' },
          });
      }
      expect((await world.call(`GET /${data.id}`)).data).toEqual(
        Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'secret')),
      );
    },
  );

  it('of another content type is refused, so that no form of another site can send one', async () => {
    await using world = await createApiWorld();
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'multipart/form-data; boundary=json',
    ])
      expect(
        await world.call('POST ', { body: { url: URL_A }, headers: { 'content-type': type } }),
      ).toMatchObject({
        status: 415,
        error: { code: 'unsupported_media_type' },
      });
    const typed = { 'content-type': 'application/json; charset=utf-8' };
    expect((await world.call('POST ', { body: { url: URL_A }, headers: typed })).status).toBe(201);
  });

  it('is missed where it is needed', async () => {
    await using world = await createApiWorld();
    expect(await world.call('POST ')).toMatchObject({ status: 400, error: { code: 'malformed' } });
  });
});

describe('a call that a browser makes', () => {
  const create = { body: { url: URL_A } };
  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 201],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://admin.example' }, 201],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, 201],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://api.test.evil.example' }, 403],
    [{ origin: HOST }, 201],
    [{ origin: 'https://api.test' }, 201],
    [{ cookie: 'session=1' }, 403],
    [{ cookie: 'session=1', origin: 'https://evil.example' }, 403],
    [{ cookie: 'session=1', origin: HOST }, 201],
    [{ cookie: 'session=1', 'sec-fetch-site': 'same-origin' }, 201],
    [{}, 201],
  ])('with %j is answered with %i', async (headers, status) => {
    await using world = await createApiWorld({ allowedOrigins: ['https://admin.example'] });
    const answered = await world.call('POST ', { ...create, headers });
    expect(answered.status).toBe(status);
    if (status === 403) expect(answered.error.code).toBe('cross_origin');
  });

  it('to read is answered wherever it comes from, and never kept or taken for something else', async () => {
    await using world = await createApiWorld();
    const { status, headers } = await world.call('GET ', {
      headers: { 'sec-fetch-site': 'cross-site', cookie: 'a=b' },
    });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET /a/b/c', 404],
    ['POST /deliveries', 405],
    ['PUT /messages', 405],
    ['DELETE /queue/stats', 405],
    ['GET /queue/retry-failed', 405],
    ['PATCH /health', 405],
    ['DELETE ', 405],
    ['POST /ep_1', 405],
    ['OPTIONS /ep_1', 405],
    ['GET /ep_1/rotate-secret', 405],
  ])('%s is answered with %i', async (route, status) => {
    await using world = await createApiWorld();
    const answered = await world.call(route);
    expect(answered.status).toBe(status);
    if (status === 405) expect(answered.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
  });

  it('of others than the base path are not served', async () => {
    const api = createWebhookApi(new WebhookDispatcher(), { authorize, basePath: '/admin/v1' });
    const headers = { authorization: `Bearer ${KEYS.alice}` };
    expect((await api.fetch(new Request(`${HOST}/admin/v1/webhooks`, { headers }))).status).toBe(200);
    expect((await api.fetch(new Request(`${HOST}/api/webhooks`, { headers }))).status).toBe(404);
  });
});

describe('trouble here', () => {
  it('of the store is told without its words', async () => {
    const store = memoryStore();
    const failing = decorateStore(store, {
      endpoints: {
        ...store.endpoints,
        list: () =>
          Promise.reject(
            new StoreError('select * from posthorn_endpoints: password=hunter2', {
              cause: new Error('at db.internal'),
            }),
          ),
      },
    });
    await using world = await createApiWorld({ dispatcher: { store: failing } });
    const answered = await world.call('GET ');
    expect(answered).toMatchObject({ status: 503, error: { code: 'unavailable' } });
    expect(answered.text).not.toMatch(/select|hunter2|internal|posthorn|\.ts|stack/);
    expect(world.log.join('\n')).toContain('a call of the webhook API failed');
  });

  it.each([
    ['record_invalid', /have to repair something in its store/, null],
    ['key_missing', /have to repair something in its store/, null],
    ['decrypt_failed', /have to repair something in its store/, null],
    ['schema_mismatch', /have to repair something in its store/, null],
    ['driver_missing', /have to repair something in its store/, null],
    ['store_full', /^There is no room left in the store/, '5'],
  ] as const)('of the store, %s, says whose work it is', async (code, message, retryAfter) => {
    const store = memoryStore();
    const secret = '/srv/app/webhooks/endpoints.json, line 9';
    const failing = decorateStore(store, {
      endpoints: { ...store.endpoints, put: () => Promise.reject(new StoreError(secret, { code })) },
    });
    await using world = await createApiWorld({ dispatcher: { store: failing } });
    const answered = await world.call('POST ', { body: { url: 'https://a.example/hook' } });
    expect(answered).toMatchObject({
      status: 503,
      error: { code: 'unavailable', message: expect.stringMatching(message) },
    });
    expect(answered.headers.get('retry-after')).toBe(retryAfter);
    expect(answered.text).not.toMatch(/srv|endpoints\.json/);
    const logged = world.log.map((line) => JSON.parse(line) as object);
    expect(logged).toContainEqual(expect.objectContaining({ reason: code, cause: secret }));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('db.internal is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('db.internal is down'))],
    ['answers with nonsense', () => 'yes'],
    ['answers without scopes', () => ({ id: 'alice' })],
    ['knows other scopes', () => ({ id: 'alice', scopes: ['admin'] })],
    ['names no tenant', () => ({ id: 'alice', tenant: '', scopes: ['read'] })],
  ])('of an authorize that %s lets nobody in', async (_name, broken) => {
    await using world = await createApiWorld({ authorize: broken as never });
    const answered = await world.call('GET ');
    expect(answered).toMatchObject({ status: 500, error: { code: 'internal' } });
    expect(answered.text).not.toMatch(/db\.internal|authorize/);
    expect(world.log).toHaveLength(1);
  });

  it.each([undefined, null, false])('is not that authorize answers with %j', async (answer) => {
    await using world = await createApiWorld({ authorize: async () => answer as undefined });
    expect((await world.call('GET ')).status).toBe(401);
    expect(world.log).toEqual([]);
  });
});

describe('secrets', () => {
  it('are in no answer and no log line, but for those that create or rotate them', async () => {
    await using world = await createApiWorld();
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const canaries = [
      secret,
      secret.slice(6),
      'canary-in-a-header',
      'canary-of-basic',
      ...Object.values(KEYS),
    ];
    const auth = { type: 'basic', username: 'user', password: 'canary-of-basic' } as const;
    const { harness } = world;
    const headers = { 'x-api-key': 'canary-in-a-header' };
    const answers = [await world.call('POST ', { body: { url: harness.receiver.url, secret, headers } })];
    const { id } = answers[0]!.data;
    const { id: byHost } = await harness.createEndpoint({ tenant: 'tenant-a', auth });
    const emitted = await world.call('POST /messages', { body: { event_type: 'job.a', data: 1 } });
    await harness.advance(0);
    const ids = { webhook: id, message: emitted.data.id, delivery: emitted.data.deliveries[0]!.id };
    const bodies: Record<string, unknown> = {
      replaceWebhook: { url: harness.receiver.url, headers, secret },
      updateWebhook: { headers: { 'x-api-key': 'canary-in-a-header' } },
      rotateWebhookSecret: { secret: 'whsec_CANARYr8GKYqrTwjUPD8ILPZIo2LaLaSw' },
      createMessage: { event_type: 'job.a', data: 1 },
      explain: { event_type: 'job.a', data: 1 },
      createWebhook: { url: harness.receiver.url, secret },
    };
    const last = ROUTES.filter(({ name }) => name !== 'deleteWebhook' && name !== 'rotateWebhookSecret');
    for (const { route, kind, name } of last) {
      const body = name in bodies ? { body: bodies[name] } : {};
      answers.push(await world.call(route(ids[kind as keyof typeof ids]), body));
    }
    for (const path of ['', '/stats', '/deliveries']) answers.push(await world.call(`GET /${byHost}${path}`));
    answers.push(await world.call(`POST /${byHost}/test`));
    answers.push(
      await world.call('POST ', {
        body: { url: URL_A, secret: 'wrong', headers: { 'x-api-key': 'canary-in-a-header\n' } },
      }),
    );
    answers.push(
      await world.call('POST ', {
        body: { url: URL_A, headers: { 'x-api-key': { a: 'canary-in-a-header' } } },
      }),
    );
    answers.push(await world.call('POST ', { body: { url: URL_A, headers: 'canary-in-a-header' } }));
    expect(answers.length).toBeGreaterThan(ROUTES.length);
    const told = [...answers.map(({ text }) => text), ...world.log].join('\n');
    for (const canary of canaries) expect(told).not.toContain(canary);
    const rotated = await world.call(`POST /${id}/rotate-secret`);
    expect(rotated.data.secret).toMatch(/^whsec_/);
    expect(world.log.join('\n')).not.toContain(rotated.data.secret);
    expect((await world.call(`DELETE /${id}`)).status).toBe(200);
  });

  it('of callers who change something leave a line that says who', async () => {
    await using world = await createApiWorld();
    const { data } = await world.call('POST ', { body: { url: URL_A } });
    await world.call(`GET /${data.id}`);
    await world.call(`DELETE /${data.id}`);
    expect(
      world.log.filter((line) => line.includes('webhook API')).map((line) => JSON.parse(line) as object),
    ).toEqual([
      {
        message: 'webhook API',
        operation: 'createWebhook',
        caller: 'alice',
        tenant: 'tenant-a',
        status: 201,
      },
      {
        message: 'webhook API',
        operation: 'deleteWebhook',
        caller: 'alice',
        tenant: 'tenant-a',
        status: 200,
      },
    ]);
  });
});

describe('the answer to a HEAD', () => {
  it('is that to a GET, without its body', async () => {
    await using world = await createApiWorld();
    const answered = await readAnswer(await world.api.fetch(toRequest('HEAD ')));
    expect([answered.status, answered.text]).toEqual([200, '']);
    expect((await world.api.fetch(toRequest('HEAD ', { as: null }))).status).toBe(401);
  });
});
