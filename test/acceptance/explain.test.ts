/** Every verdict of `explain`, each checked against what `emit` then does. */
import { describe, expect, it } from 'vitest';
import { defineEvents, type EndpointExplanation, type EndpointInput, type MatchVerdict } from 'posthorn';
import { createHarness } from 'posthorn/testing';
import { z } from 'zod';
import { createWorld } from '../support/world.ts';

const functions = {
  filter: {
    never: () => false,
    broken: () => {
      throw new Error('out of order');
    },
  },
};

/** What `explain` says of one endpoint with this filter. */
async function judge(
  filter: EndpointInput['filter'],
  data: unknown,
  metadata?: { readonly [key: string]: string },
): Promise<EndpointExplanation> {
  await using harness = await createHarness({ dispatcher: { functions } });
  await harness.createEndpoint({ filter });
  const { items } = await harness.dispatcher.explain('job.done', data, { metadata });
  const { deliveries } = await harness.dispatcher.emit('job.done', data, { metadata });
  expect(items[0]!.receives).toBe(deliveries.length === 1);
  return items[0]!;
}

describe('each verdict', () => {
  it('comes true when the message is emitted', async () => {
    await using harness = await createHarness({ dispatcher: { functions, retry: 'once' } });
    const { dispatcher, receiver } = harness;
    const make = async (id: string, input: Partial<EndpointInput> = {}): Promise<void> =>
      void (await harness.createEndpoint({ id, url: receiver.urlOf(`/${id}`), ...input }));
    await make('receives', { filter: { 'data.n': 1 } });
    await make('pattern', { events: ['job.failed', 'user.*'] });
    await make('filter', { filter: { 'data.n': { $gt: 1 } } });
    await make('filter_failed', { filter: { $custom: 'broken' } });
    await make('disabled', { status: 'disabled' });
    await make('waits');
    await dispatcher.endpoints.pause('waits');
    const { items } = await dispatcher.explain('job.done', { n: 1 });
    for (const { endpointId, verdict } of items) expect(verdict).toBe(endpointId);
    expect(items).toHaveLength(6);
    expect(
      items
        .filter(({ receives }) => receives)
        .map(({ endpointId }) => endpointId)
        .sort(),
    ).toEqual(['receives', 'waits']);
    await dispatcher.emit('job.done', { n: 1 });
    await harness.advance(0);
    const { items: deliveries } = await dispatcher.deliveries.list();
    expect(
      Object.fromEntries(deliveries.map(({ endpointId, state, reason }) => [endpointId, [state, reason]])),
    ).toEqual({
      receives: ['succeeded', undefined],
      filter_failed: ['failed', 'function_failed'],
      disabled: ['discarded', 'endpoint_disabled'],
      waits: ['scheduled', undefined],
    });
  });

  it('is url_refused for an address that is not allowed any more', async () => {
    await using world = await createWorld();
    const lenient = world.start();
    await lenient.endpoints.create({ id: 'private', url: world.receiver.url, filter: { 'data.n': 1 } });
    await lenient.stop();
    const strict = world.start({ network: {} });
    const explained = await strict.explain('job.done', { n: 1 });
    expect(explained.items).toMatchObject([{ verdict: 'url_refused', receives: false, status: 'enabled' }]);
    expect((await strict.explain('job.done', { n: 2 })).items).toMatchObject([{ verdict: 'filter' }]);
    await strict.emit('job.done', { n: 1 });
    await world.advance(0);
    expect((await strict.deliveries.list()).items).toMatchObject([{ state: 'discarded' }]);
    expect(world.receiver.received).toBe(0);
  });

  it('is unserved when a function that sends is missing, and names it', async () => {
    await using world = await createWorld();
    const rich = world.start({
      functions: { envelope: { legacy: () => ({ body: '', contentType: 'text/plain' }) } },
    });
    await rich.endpoints.create({
      id: 'legacy',
      url: world.receiver.url,
      envelope: 'legacy',
      events: ['job.*'],
    });
    const poor = world.start();
    expect((await poor.explain('job.done', {})).items).toMatchObject([
      { verdict: 'unserved', receives: false, unserved: expect.stringContaining('legacy') },
    ]);
    expect((await poor.explain('user.created', {})).items).toMatchObject([
      { verdict: 'pattern', receives: false, unserved: expect.stringContaining('legacy') },
    ]);
    expect((await poor.health()).unservedEndpoints).toMatchObject([{ endpointId: 'legacy' }]);
  });

  it.each<[whilePaused: 'hold' | 'discard', verdict: MatchVerdict, receives: boolean]>([
    ['hold', 'waits', true],
    ['discard', 'dispatcher_paused', false],
  ])('while everything is paused with %s is %s where it matches', async (whilePaused, verdict, receives) => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await harness.createEndpoint({ id: 'all' });
    await harness.createEndpoint({ id: 'users', events: ['user.*'] });
    await harness.createEndpoint({ id: 'off', status: 'disabled' });
    await dispatcher.pause({ whilePaused });
    const { items } = await dispatcher.explain('job.done', {});
    expect(items.map((each) => [each.endpointId, each.verdict, each.receives])).toEqual([
      ['all', verdict, receives],
      ['users', 'pattern', false],
      ['off', 'disabled', false],
    ]);
    await dispatcher.resume();
    expect((await dispatcher.explain('job.done', {})).items[0]).toMatchObject({ verdict: 'receives' });
  });

  it('is about the pattern or filter of a disabled or paused endpoint that does not match', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await harness.createEndpoint({ id: 'off', status: 'disabled', events: ['user.*'] });
    await harness.createEndpoint({ id: 'paused', filter: { 'data.n': 1 } });
    await dispatcher.endpoints.pause('paused');
    expect((await dispatcher.explain('job.done', { n: 2 })).items).toMatchObject([
      { endpointId: 'off', verdict: 'pattern', status: 'disabled' },
      { endpointId: 'paused', verdict: 'filter', paused: true },
    ]);
    const { deliveries } = await dispatcher.emit('job.done', { n: 2 });
    expect(deliveries).toEqual([]);
  });

  it('names the nearest pattern when none covers the type', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ events: ['user.created', 'job.donne', 'invoice.*'] });
    const { items } = await harness.dispatcher.explain('job.done', {});
    expect(items[0]).toMatchObject({ verdict: 'pattern', reason: expect.stringContaining('job.donne') });
    expect(items[0]!.clause).toBeUndefined();
  });
});

describe('the clause that says no', () => {
  it.each<[filter: object, data: unknown, clause: object]>([
    [{ 'data.n': 1 }, { n: 2 }, { path: 'data.n', operator: '$eq', expected: 1, actual: 2, missing: false }],
    [{ 'data.n': 1 }, { n: '1' }, { operator: '$eq', expected: 1, actual: '1' }],
    [{ 'data.n': [1, 2] }, { n: 3 }, { operator: '$in', expected: [1, 2], actual: 3 }],
    [{ 'data.n': 1 }, {}, { path: 'data.n', actual: undefined, missing: true }],
    [{ 'data.n': null }, {}, { expected: null, missing: true }],
    [{ 'data.n': { $ne: 5 } }, { n: 5 }, { operator: '$ne', expected: 5, actual: 5 }],
    [{ 'data.n': { $gte: 1, $lt: 5 } }, { n: 5 }, { operator: '$lt', expected: 5, actual: 5 }],
    [{ 'data.n': { $nin: [1, 2] } }, { n: 2 }, { operator: '$nin', expected: [1, 2], actual: 2 }],
    [{ 'data.n': { $exists: true } }, {}, { operator: '$exists', expected: true, missing: true }],
    [{ 'data.n': { $exists: false } }, { n: null }, { operator: '$exists', expected: false, actual: null }],
    [
      { 'data.s': { $glob: 'prod-*' } },
      { s: 'dev-1' },
      { operator: '$glob', expected: 'prod-*', actual: 'dev-1' },
    ],
    [{ 'data.tags': 'urgent' }, { tags: ['new'] }, { operator: '$eq', expected: 'urgent', actual: ['new'] }],
    [{ 'metadata.plan': 'vip' }, {}, { path: 'metadata.plan', missing: true }],
    [
      { 'data.a': 1, 'data.b': 2 },
      { a: 1, b: 3 },
      { path: 'data.b', expected: 2, actual: 3 },
    ],
    [
      { $custom: 'never' },
      {},
      { path: undefined, operator: '$custom', expected: 'never', actual: undefined },
    ],
    [{ $not: { 'data.n': 1 } }, { n: 1 }, { path: undefined, operator: '$not' }],
    [{ $and: [{ 'data.a': 1 }, { 'data.b': 2 }] }, { a: 1 }, { path: 'data.b', missing: true }],
  ])('of %j for %j', async (filter, data, clause) => {
    expect(await judge(filter as EndpointInput['filter'], data)).toMatchObject({
      verdict: 'filter',
      receives: false,
      clause: { alternatives: [], ...clause },
    });
  });

  it('of $or has one for each alternative', async () => {
    const filter = { $or: [{ 'data.n': 1 }, { 'metadata.plan': 'vip' }] };
    const { clause } = await judge(filter, { n: 2 }, { plan: 'free' });
    expect(clause).toMatchObject({
      path: undefined,
      operator: '$or',
      actual: undefined,
      alternatives: [
        { path: 'data.n', operator: '$eq', expected: 1, actual: 2 },
        { path: 'metadata.plan', operator: '$eq', expected: 'vip', actual: 'free' },
      ],
    });
  });

  it('has long values cut at 200 characters', async () => {
    const long = 'x'.repeat(5_000);
    const { clause, reason } = await judge({ 'data.s': 'y'.repeat(256) }, { s: long });
    expect(clause!.actual).toBeTypeOf('string');
    expect((clause!.actual as string).length).toBeLessThanOrEqual(202);
    expect((clause!.expected as string).length).toBeLessThanOrEqual(202);
    expect(reason.length).toBeLessThan(600);
  });
});

describe('explain', () => {
  it('judges what the schema makes of the data, and refuses what emit refuses', async () => {
    const events = defineEvents({
      'job.done': z.object({ id: z.string().trim(), priority: z.coerce.number<string>().default(3) }),
    });
    await using harness = await createHarness({ dispatcher: { events } });
    const { dispatcher } = harness;
    await harness.createEndpoint({ id: 'default', filter: { 'data.priority': 3 } });
    await harness.createEndpoint({ id: 'trimmed', filter: { 'data.id': '7', 'data.priority': 5 } });
    const verdicts = async (data: { id: string; priority?: string }): Promise<string[]> =>
      (await dispatcher.explain('job.done', data)).items.map(({ verdict }) => verdict);
    expect(await verdicts({ id: '7' })).toEqual(['receives', 'filter']);
    expect(await verdicts({ id: ' 7 ', priority: '5' })).toEqual(['filter', 'receives']);
    await expect(dispatcher.explain('job.done', { id: 7 } as never)).rejects.toMatchObject({
      code: 'invalid_payload',
      path: 'data.id',
    });
    await expect(dispatcher.explain('job.dnoe' as never, { id: '7' } as never)).rejects.toThrow(
      'Did you mean "job.done"?',
    );
  });

  it('tells the tenants apart, and leaves hidden endpoints out', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ id: 'acme', tenant: 'acme' });
    await harness.createEndpoint({ id: 'mine' });
    await dispatcher.emit('job.done', {}, { to: { url: receiver.url } });
    await harness.advance(0);
    const ids = async (tenant?: string): Promise<string[]> =>
      (await dispatcher.explain('job.done', {}, { tenant })).items.map(({ endpointId }) => endpointId);
    expect(await ids()).toEqual(['mine']);
    expect(await ids('acme')).toEqual(['acme']);
    expect(await ids('nobody')).toEqual([]);
  });

  it('counts no attempt, warns of nothing and emits no event', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const heard: string[] = [];
    for (const name of ['message.accepted', 'delivery.discarded', 'error'] as const)
      dispatcher.on(name, () => void heard.push(name));
    await harness.createEndpoint({ status: 'disabled' });
    await harness.createEndpoint();
    await dispatcher.explain('job.done', {});
    await harness.advance(1_000);
    expect(heard).toEqual([]);
    expect((await dispatcher.stats()).attempts).toEqual({ delivered: 0, failed: 0 });
    expect((await dispatcher.deliveries.list()).items).toEqual([]);
  });
});
