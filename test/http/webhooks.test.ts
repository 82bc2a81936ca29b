import { describe, expect, it } from 'vitest';
import { type ApiWorld, createApiWorld } from '../support/api-world.ts';

const URL_A = 'https://receiver.example/hooks';

async function setup(): Promise<ApiWorld & { readonly id: string }> {
  const world = await createApiWorld();
  const { data } = await world.call('POST ', { body: { url: URL_A } });
  return { ...world, id: data.id };
}

describe('a new webhook', () => {
  it('is answered with all its members, and its secret this once', async () => {
    await using world = await createApiWorld({ startAt: 1_642_123_456_789 });
    const { status, data, timestamp, headers } = await world.call('POST ', {
      body: {
        url: URL_A,
        name: 'Jobs',
        events: ['job.*'],
        filters: { 'data.job_type': ['comfyui'] },
        retry_config: {
          max_attempts: 3,
          initial_delay_ms: 1000,
          backoff_multiplier: 2,
          max_delay_ms: 30_000,
        },
        rate_limit: { limit: 5, interval_ms: 1000 },
        timeout_ms: 5000,
        metadata: { team: 'a' },
        active: false,
      },
    });
    expect(status).toBe(201);
    expect(timestamp).toBe('2022-01-14T01:24:16.789Z');
    expect(headers.get('etag')).toBe(`"${data.revision}"`);
    expect(data).toMatchObject({
      id: expect.stringMatching(/^ep_/),
      url: URL_A,
      name: 'Jobs',
      events: ['job.*'],
      filters: { 'data.job_type': ['comfyui'] },
      retry_config: { max_attempts: 3, initial_delay_ms: 1000, backoff_multiplier: 2, max_delay_ms: 30_000 },
      rate_limit: { limit: 5, interval_ms: 1000 },
      timeout_ms: 5000,
      metadata: { team: 'a' },
      active: false,
      disabled_reason: 'manual',
      secret: expect.stringMatching(/^whsec_/),
      created_at: 1_642_123_456_789,
    });
    const read = await world.call(`GET /${data.id}`);
    expect(read.data).not.toHaveProperty('secret');
    expect(await world.harness.dispatcher.endpoints.get(data.id)).toMatchObject({ tenant: 'tenant-a' });
  });

  it('is not answered with a secret that came with it, or that the caller may not know', async () => {
    await using world = await createApiWorld();
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const given = await world.call('POST ', { body: { url: URL_A, secret } });
    expect(given.status).toBe(201);
    expect(given.text).not.toContain(secret);
    const generated = await world.call('POST ', { as: 'writer', body: { url: URL_A } });
    expect(generated.status).toBe(201);
    expect(generated.data).not.toHaveProperty('secret');
    const refused = await world.call('POST ', { as: 'writer', body: { url: URL_A, secret } });
    expect(refused).toMatchObject({ status: 403, error: { code: 'forbidden', field: 'secret' } });
  });

  it.each([
    [{}, 'url', 'url: expected a string, got undefined'],
    [{ url: 'ftp://a.example' }, 'url', /^url: /],
    [{ url: 'http://10.0.0.1/hooks' }, 'url', /private/],
    [{ url: URL_A, event: ['a'] }, 'event', 'Unknown key "event". Did you mean "events"?'],
    [{ url: URL_A, id: 'mine' }, 'id', /^Unknown key "id"/],
    [{ url: URL_A, tenant: 'tenant-b' }, 'tenant', /^Unknown key "tenant"/],
    [{ url: URL_A, events: ['job completed'] }, 'events[0]', /^events\[0\]: /],
    [{ url: URL_A, filters: { machine: 'a' } }, 'filters.machine', /did you mean "data.machine"/],
    [{ url: URL_A, retry_config: { max_attempts: 0 } }, 'retry_config.max_attempts', /from 1 to 1000/],
    [
      { url: URL_A, retry_config: { preset: 'short', jitter: 1 } },
      'retry_config',
      /got jitter, preset|got preset, jitter/,
    ],
    [{ url: URL_A, retry_config: {} }, 'retry_config', /got nothing/],
    [{ url: URL_A, headers: { 'x-a': 'a\r\nx-b: c' } }, 'headers["x-a"]', /^headers/],
    [{ url: URL_A, headers: { 'content-length': '1' } }, undefined, /content-length/],
    [{ url: URL_A, headers: { authorization: '********' } }, 'headers.authorization', /there is none/],
    [{ url: URL_A, timeout_ms: 0 }, 'timeout_ms', /^timeout_ms: /],
    [{ url: URL_A, secret: 42 }, 'secret', /expected a secret.*got a number/],
  ])('that is wrong is refused, and the member named: %j', async (body, field, message) => {
    await using world = await createApiWorld();
    const answered = await world.call('POST ', { body });
    expect(answered.status).toBe(422);
    if (field !== undefined) expect(answered.error.field).toBe(field);
    expect(answered.error.message).toMatch(message);
    expect((await world.call('GET ')).data).toEqual([]);
  });
});

describe('the list of webhooks', () => {
  it('comes in pages', async () => {
    await using world = await createApiWorld();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await world.call('POST ', { body: { url: URL_A } })).data.id);
    const listed: string[][] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = await world.call(`GET ?limit=2${query}`);
      listed.push(page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(listed.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(listed.flat()).toEqual(ids);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=zzz', 'cursor'],
    [`cursor=${'a'.repeat(513)}`, 'cursor'],
    ['offset=1', 'offset'],
  ])('refuses %s', async (query, field) => {
    await using world = await createApiWorld();
    const answered = await world.call(`GET ?${query}`);
    expect(answered).toMatchObject({ status: 422, error: { code: 'invalid_request', field } });
  });
});

describe('PUT', () => {
  it('replaces everything but the id and a secret that is left out', async () => {
    await using world = await createApiWorld();
    const created = await world.call('POST ', {
      body: {
        url: URL_A,
        name: 'old',
        description: 'old',
        events: ['job.*'],
        filters: { 'data.a': 1 },
        headers: { 'x-a': '1' },
        retry_config: { preset: 'short' },
        metadata: { a: 1 },
        timeout_ms: 1000,
        ordering: 'fifo',
        rate_limit: { limit: 1, interval_ms: 1000 },
        active: false,
      },
    });
    const { id } = created.data as { id: string };
    const replaced = await world.call(`PUT /${id}`, { body: { url: `${URL_A}/new`, name: 'new' } });
    expect(replaced.status).toBe(200);
    const { data } = replaced;
    expect(data).toMatchObject({ id, url: `${URL_A}/new`, name: 'new', events: ['**'], active: true });
    for (const key of [
      'description',
      'filters',
      'headers',
      'retry_config',
      'metadata',
      'timeout_ms',
      'ordering',
      'rate_limit',
    ])
      expect(data).not.toHaveProperty(key);
    expect(data.secrets).toEqual(created.data.secrets);
  });

  it('takes back what was answered, hidden headers and all', async () => {
    await using world = await createApiWorld();
    const headers = { authorization: 'Bearer the-token-of-the-receiver', 'x-plain': 'shown' };
    const created = await world.call('POST ', { body: { url: URL_A, headers, events: ['a'] } });
    expect(created.data.headers).toEqual({ authorization: '********', 'x-plain': 'shown' });
    const { secret: _secret, ...resource } = created.data;
    const replaced = await world.call(`PUT /${resource.id}`, { body: { ...resource, events: ['b'] } });
    expect(replaced.data).toMatchObject({ events: ['b'], headers: created.data.headers });
    const stored = await world.harness.dispatcher.endpoints.get(resource.id);
    expect(stored.headers).toEqual(headers);
  });

  it('leaves alone what the API cannot say', async () => {
    await using world = await createApiWorld();
    const auth = { type: 'basic', username: 'user', password: 'hidden-from-all' } as const;
    const { id } = await world.harness.createEndpoint({ tenant: 'tenant-a', envelope: 'raw', auth });
    await world.call(`PUT /${id}`, { body: { url: world.harness.receiver.url } });
    expect(await world.harness.dispatcher.endpoints.get(id)).toMatchObject({
      envelope: 'raw',
      auth: { type: 'basic', username: 'user' },
    });
  });
});

describe('a webhook that has to prove itself', () => {
  it('says so, is not made active by a PUT, and is once it has', async () => {
    await using world = await createApiWorld({ dispatcher: { verification: 'challenge' } });
    world.harness.receiver.always(500);
    const url = world.harness.receiver.url;
    const { data } = await world.call('POST ', { body: { url } });
    expect(data).toMatchObject({ active: false, disabled_reason: 'unverified' });
    const { secret: _secret, ...resource } = data;
    for (const body of [
      { url, name: 'n' },
      { ...resource, name: 'm' },
    ]) {
      const replaced = await world.call(`PUT /${data.id}`, { body });
      expect(replaced.data).toMatchObject({ active: false, disabled_reason: 'unverified' });
    }
    const refused = await world.call(`PATCH /${data.id}`, { body: { active: true } });
    expect(refused).toMatchObject({ status: 422, error: { field: 'active' } });
  });
});

describe('PATCH', () => {
  it('merges: null removes, objects are merged, all else is replaced', async () => {
    await using world = await createApiWorld();
    const { data } = await world.call('POST ', {
      body: {
        url: URL_A,
        name: 'a name',
        headers: { 'x-a': '1', 'x-b': '2', 'x-token': 'hidden-from-all' },
        metadata: { a: { b: 1, c: 2 } },
        retry_config: { max_attempts: 3 },
        filters: { 'data.a': 1, 'data.b': 2 },
      },
    });
    const { id } = data as { id: string };
    const patched = await world.call(`PATCH /${id}`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: {
        name: null,
        headers: { 'x-a': null, 'x-c': '3' },
        metadata: { a: { b: null, d: 3 } },
        retry_config: { max_attempts: 5 },
        filters: { 'data.b': null },
        events: ['job.*'],
      },
    });
    expect(patched.data).toMatchObject({
      headers: { 'x-b': '2', 'x-c': '3', 'x-token': '********' },
      metadata: { a: { c: 2, d: 3 } },
      retry_config: { max_attempts: 5, initial_delay_ms: 1000 },
      filters: { 'data.a': 1 },
      events: ['job.*'],
    });
    expect(patched.data).not.toHaveProperty('name');
    expect(patched.data.headers).not.toHaveProperty('x-a');
    const stored = await world.harness.dispatcher.endpoints.get(id);
    expect(stored.headers).toEqual({ 'x-b': '2', 'x-c': '3', 'x-token': 'hidden-from-all' });
  });

  it('disables and enables', async () => {
    await using world = await setup();
    const disabled = await world.call(`PATCH /${world.id}`, { body: { active: false } });
    expect(disabled.data).toMatchObject({ active: false, disabled_reason: 'manual' });
    expect((await world.call(`POST /${world.id}/resume`)).error).toMatchObject({
      code: 'conflict',
      field: 'active',
    });
    const enabled = await world.call(`PATCH /${world.id}`, { body: { active: true } });
    expect(enabled.data).toMatchObject({ active: true });
  });

  it('compares the revision when it is asked to', async () => {
    await using world = await setup();
    const { headers } = await world.call(`GET /${world.id}`);
    const etag = headers.get('etag')!;
    const first = await world.call(`PATCH /${world.id}`, {
      body: { name: 'first' },
      headers: { 'if-match': etag },
    });
    expect(first.status).toBe(200);
    for (const method of ['PATCH', 'PUT']) {
      const late = await world.call(`${method} /${world.id}`, {
        body: { url: URL_A, name: 'late' },
        headers: { 'if-match': etag },
      });
      expect(late).toMatchObject({ status: 412, error: { code: 'revision_mismatch' } });
    }
    const any = await world.call(`PATCH /${world.id}`, {
      body: { name: 'any' },
      headers: { 'if-match': '*' },
    });
    expect(any.data.name).toBe('any');
  });

  it('changes the kind of retries, and leaves those of the application alone when they are sent back', async () => {
    await using world = await createApiWorld({
      dispatcher: { functions: { retryDelay: { slowly: () => 1000 } } },
    });
    const { harness } = world;
    const { id } = await harness.createEndpoint({ tenant: 'tenant-a', retry: 'once' });
    for (const retry_config of [{ max_attempts: 5 }, { delays_ms: [1000] }, { preset: 'short' }]) {
      const { status, data } = await world.call(`PATCH /${id}`, { body: { retry_config } });
      expect([status, data.retry_config]).toMatchObject([200, retry_config]);
    }
    const mixed = await world.call(`PATCH /${id}`, {
      body: { retry_config: { max_attempts: 5, delays_ms: [1] } },
    });
    expect(mixed).toMatchObject({ status: 422, error: { field: 'retry_config' } });

    const retry = { kind: 'custom', name: 'slowly', maxAttempts: 4 } as const;
    await harness.dispatcher.endpoints.update(id, { retry });
    const { data } = await world.call(`GET /${id}`);
    expect(data.retry_config).toEqual({ custom: 'slowly', max_attempts: 4 });
    for (const method of ['PUT', 'PATCH'])
      expect(await world.call(`${method} /${id}`, { body: { ...data, name: method } })).toMatchObject({
        status: 200,
        data: { name: method, retry_config: data.retry_config },
      });
    const named = { custom: 'slowly', max_attempts: 5 };
    expect(await world.call(`PUT /${id}`, { body: { ...data, retry_config: named } })).toMatchObject({
      status: 422,
    });
    const own = await world.call(`PATCH /${id}`, { body: { retry_config: { max_attempts: 2 } } });
    expect(own.data.retry_config).toEqual({ max_attempts: 2, initial_delay_ms: 1000 });
  });

  it('loses nothing and refuses nobody when many change one webhook at once', async () => {
    await using world = await setup();
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    const answers = await Promise.all(
      keys.map((key) => world.call(`PATCH /${world.id}`, { body: { metadata: { [key]: 1 } } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await world.call(`GET /${world.id}`)).data.metadata).toEqual(
      Object.fromEntries(keys.map((key) => [key, 1])),
    );
  });
});

describe('DELETE', () => {
  it('removes a webhook', async () => {
    await using world = await setup();
    expect((await world.call(`DELETE /${world.id}`)).data).toEqual({ id: world.id, deleted: true });
    expect(await world.call(`DELETE /${world.id}`)).toMatchObject({
      status: 404,
      error: { code: 'not_found' },
    });
    expect((await world.call('GET ')).data).toEqual([]);
  });
});
