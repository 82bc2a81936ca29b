import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { type ApiWorld, createApiWorld } from '../support/api-world.ts';

const URL_A = 'https://receiver.example/hooks';
const filterFields = {
  job_types: { path: 'data.job_type' },
  job_priorities: { path: 'data.priority', op: '$in' },
  machine_ids: { path: 'data.machine_id', op: '$glob' },
  min_progress: { path: 'data.progress', op: '$gte' },
  max_progress: { path: 'data.progress', op: '$lt' },
  custom_filters: { path: 'data', op: 'each' },
} as const;

describe('filterFields', () => {
  const setup = (): Promise<ApiWorld> => createApiWorld({ filterFields });

  it.each([
    [
      { job_types: ['comfyui'], job_priorities: [1, 2, 3] },
      { job_type: 'comfyui', priority: 2 },
      { job_type: 'comfyui', priority: 4 },
    ],
    [{ job_types: 'comfyui' }, { job_type: 'comfyui' }, { job_type: 'a1111' }],
    [{ machine_ids: ['prod-cluster-*'] }, { machine_id: 'prod-cluster-7' }, { machine_id: 'dev-1' }],
    [{ machine_ids: 'prod-*' }, { machine_id: 'prod-1' }, {}],
    [{ min_progress: 10, max_progress: 20 }, { progress: 10 }, { progress: 20 }],
    [
      { custom_filters: { region: 'eu', 'a.b': [1, 2] } },
      { region: 'eu', 'a.b': 2 },
      { region: 'eu', 'a.b': 3 },
    ],
    [{}, { anything: 1 }, undefined],
  ])(
    'says %j in words of the caller, takes what it says, and gives it back',
    async (filters, taken, passedOver) => {
      await using world = await setup();
      const { status, data } = await world.call('POST ', { body: { url: URL_A, filters } });
      expect([status, data['filters']]).toEqual([201, filters]);
      expect((await world.call(`GET /${data.id}`)).data['filters']).toEqual(filters);
      const receives = async (of: object): Promise<unknown> =>
        (await world.call('POST /explain', { body: { event_type: 'job.a', data: of } })).items[0]![
          'receives'
        ];
      expect(await receives(taken)).toBe(true);
      if (passedOver !== undefined) expect(await receives(passedOver)).toBe(false);
    },
  );

  it.each([
    [
      { machines: ['a'], job_types: ['b'], worker: 1 },
      'filters.machines',
      /unknown "machines", "worker"\. Known are job_types/,
    ],
    [{ 'data.machine_id': 'a' }, 'filters.data.machine_id', /unknown "data.machine_id"/],
    [{ machine_ids: [1] }, 'filters.machine_ids', /^filters\.machine_ids: expected a string/],
    [{ job_types: [] }, 'filters.job_types', /^filters\.job_types: expected a non-empty array/],
    [{ min_progress: {} }, 'filters.min_progress', /^filters\.min_progress: expected a finite number/],
    [{ custom_filters: 'eu' }, 'filters.custom_filters', /^filters\.custom_filters: expected an object/],
    [{ constructor: 1 }, 'filters.constructor', /unknown "constructor"/],
  ])('refuses %j and names the word', async (filters, field, message) => {
    await using world = await setup();
    const answered = await world.call('POST ', { body: { url: URL_A, filters } });
    expect(answered).toMatchObject({
      status: 422,
      error: { field, message: expect.stringMatching(message) },
    });
  });

  it('gives back as it is what cannot be said in these words', async () => {
    await using world = await setup();
    const filter = { $or: [{ 'data.a': 1 }, { 'data.b': 2 }] };
    const { id } = await world.harness.createEndpoint({ tenant: 'tenant-a', filter });
    const { data } = await world.call(`GET /${id}`);
    expect(data['filters']).toEqual(filter);
    const replaced = await world.call(`PUT /${id}`, { body: { ...data, name: 'other' } });
    expect(replaced.data).toMatchObject({ name: 'other', filters: filter });
  });

  it('is patched word by word', async () => {
    await using world = await setup();
    const { data } = await world.call('POST ', {
      body: { url: URL_A, filters: { job_types: ['a'], machine_ids: 'm' } },
    });
    const patched = await world.call(`PATCH /${data.id}`, {
      body: { filters: { machine_ids: null, min_progress: 1 } },
    });
    expect(patched.data['filters']).toEqual({ job_types: ['a'], min_progress: 1 });
    expect((await world.call(`PATCH /${data.id}`, { body: { filters: null } })).data).not.toHaveProperty(
      'filters',
    );
  });
});

describe('filters of the dispatcher', () => {
  it('name no function of the application, unless the application has done so', async () => {
    const vipOnly = (): boolean => true;
    await using world = await createApiWorld({ dispatcher: { functions: { filter: { vipOnly } } } });
    for (const filters of [
      { $custom: 'vipOnly' },
      { $or: [{ 'data.a': 1 }, { $not: { $custom: 'vipOnly' } }] },
    ])
      expect(await world.call('POST ', { body: { url: URL_A, filters } })).toMatchObject({
        status: 422,
        error: { field: 'filters.$custom' },
      });
    const { id } = await world.harness.createEndpoint({ tenant: 'tenant-a', filter: { $custom: 'vipOnly' } });
    const { data } = await world.call(`GET /${id}`);
    expect((await world.call(`PUT /${id}`, { body: data })).data['filters']).toEqual({ $custom: 'vipOnly' });
  });
});

describe('accept and present', () => {
  const setup = (): Promise<ApiWorld> =>
    createApiWorld({
      accept: ({ callback, quiet, ...rest }, { read, method }) => {
        if (callback !== undefined && typeof callback !== 'string')
          throw new OptionsError('callback', 'callback: expected a URL.');
        return {
          ...read(method === 'PATCH' && callback === undefined ? rest : { ...rest, url: callback }),
          ...(quiet === true ? { concurrency: 1 } : {}),
        };
      },
      present: (resource, kind) => {
        if (kind === 'webhook') return { hook: resource.id, callback: resource.url };
        if (kind === 'created_webhook')
          return { hook: resource.id, callback: resource.url, key: resource.secret };
        return resource;
      },
    });

  it('make of the API one of the application', async () => {
    await using world = await setup();
    const created = await world.call('POST ', { body: { callback: URL_A, name: 'n', quiet: true } });
    const { hook: id } = created.data as unknown as { hook: string };
    expect(created.data).toEqual({ hook: id, callback: URL_A, key: expect.stringMatching(/^whsec_/) });
    expect(await world.harness.dispatcher.endpoints.get(id)).toMatchObject({
      name: 'n',
      concurrency: 1,
      tenant: 'tenant-a',
    });
    expect((await world.call('GET ')).data).toEqual([{ hook: id, callback: URL_A }]);
    const patched = await world.call(`PATCH /${id}`, { body: { name: null } });
    expect(patched.data).toEqual({ hook: id, callback: URL_A });
    const replaced = await world.call(`PUT /${id}`, { body: { callback: `${URL_A}/2` } });
    expect(replaced.data).toEqual({ hook: id, callback: `${URL_A}/2` });
    expect(await world.harness.dispatcher.endpoints.get(id)).not.toHaveProperty('name');
    expect((await world.call('GET /health')).data).toMatchObject({ status: 'running' });
  });

  it('answer with what accept says is wrong', async () => {
    await using world = await setup();
    const answered = await world.call('POST ', { body: { callback: 42 } });
    expect(answered).toMatchObject({
      status: 422,
      error: { field: 'callback', message: 'callback: expected a URL.' },
    });
    expect((await world.call('POST ', { body: { callback: URL_A, naem: 1 } })).error.field).toBe('naem');
  });

  it('never give a tenant to somebody else, or a secret to whom may not set one', async () => {
    await using world = await createApiWorld({
      accept: (body) => ({ url: URL_A, ...body }),
    });
    const created = await world.call('POST ', { body: { tenant: 'tenant-b' } });
    expect(await world.harness.dispatcher.endpoints.get(created.data.id)).toMatchObject({
      tenant: 'tenant-a',
    });
    for (const secrets of [{ secret: 'x' }, { secrets: ['x'] }])
      expect((await world.call('POST ', { as: 'writer', body: secrets })).status).toBe(403);
  });

  it('of the host that throw are faults of the host', async () => {
    await using world = await createApiWorld({
      accept: () => {
        throw new Error('secret of the host');
      },
    });
    const answered = await world.call('POST ', { body: {} });
    expect(answered).toMatchObject({ status: 500, error: { code: 'internal' } });
    expect(answered.text).not.toContain('secret of the host');
  });
});
