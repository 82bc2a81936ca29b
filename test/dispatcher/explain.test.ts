import { describe, expect, it } from 'vitest';
import { NotFoundError, OptionsError, PayloadError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld } from '../support/world.ts';

describe('explain', () => {
  it('says for each endpoint of the tenant whether it gets a message, and why not', async () => {
    await using harness = await createHarness({
      dispatcher: { functions: { filter: { never: () => false } } },
    });
    const { dispatcher } = harness;
    await harness.createEndpoint({ id: 'all', name: 'Everything' });
    await harness.createEndpoint({ id: 'other', events: ['user.*'] });
    await harness.createEndpoint({ id: 'rich', filter: { 'data.amount': { $gt: 100 } } });
    await harness.createEndpoint({ id: 'plan', filter: { 'metadata.plan': 'vip' } });
    await harness.createEndpoint({ id: 'custom', filter: { $custom: 'never' } });
    await harness.createEndpoint({ id: 'disabled' });
    await dispatcher.endpoints.update('disabled', { status: 'disabled' });
    await harness.createEndpoint({ id: 'paused' });
    await dispatcher.endpoints.pause('paused');
    await harness.createEndpoint({ id: 'stranger', tenant: 'acme' });

    const { items, nextCursor } = await dispatcher.explain(
      'job.done',
      { amount: 20 },
      { metadata: { plan: 'vip' } },
    );
    expect(nextCursor).toBeUndefined();
    expect(items.map(({ endpointId, receives, verdict }) => [endpointId, receives, verdict])).toEqual([
      ['all', true, 'receives'],
      ['other', false, 'pattern'],
      ['rich', false, 'filter'],
      ['plan', true, 'receives'],
      ['custom', false, 'filter'],
      ['disabled', false, 'disabled'],
      ['paused', true, 'waits'],
    ]);
    expect(items[0]).toEqual({
      endpointId: 'all',
      name: 'Everything',
      url: harness.receiver.url,
      receives: true,
      verdict: 'receives',
      reason: 'It matches and is sent now.',
      clause: undefined,
      status: 'enabled',
      disabledReason: undefined,
      paused: false,
      blockedUntil: undefined,
      unserved: undefined,
    });
    expect(items[5]).toMatchObject({ status: 'disabled', disabledReason: 'manual' });
    expect(items[2]).toMatchObject({
      reason: 'data.amount is 20, the filter wants $gt 100.',
      clause: { path: 'data.amount', operator: '$gt', expected: 100, actual: 20, missing: false },
    });
  });

  it('agrees with emit, and stores and sends nothing itself', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    for (const filter of [{ 'data.n': 1 }, { 'data.n': { $ne: 1 } }, { 'data.m': { $exists: false } }])
      await harness.createEndpoint({ filter });
    const { items } = await dispatcher.explain('job.done', { n: 1 });
    expect((await dispatcher.messages.list()).items).toEqual([]);
    const { deliveries } = await dispatcher.emit('job.done', { n: 1 });
    expect(items.filter(({ receives }) => receives).map(({ endpointId }) => endpointId)).toEqual(
      deliveries.map(({ endpointId }) => endpointId),
    );
    await harness.advance(0);
    expect(receiver.requests).toHaveLength(2);
  });

  it('does not say that it is sent now where a limit may hold it back', async () => {
    await using harness = await createHarness({ dispatcher: { ordering: 'fifo' } });
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint({ rateLimit: { limit: 1, intervalMs: 60_000 } });
    for (const n of [1, 2]) await dispatcher.emit('job.done', n);
    await harness.advance(0);
    const { items } = await dispatcher.explain('job.done', 3, { endpointId: id });
    expect(items).toMatchObject([
      {
        verdict: 'receives',
        reason:
          'It matches and is sent as soon as its limits let it: at most 1 in 60000 ms (rateLimit), after what is before it (ordering).',
      },
    ]);
  });

  it('masks URLs, and tells of blocks', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    receiver.always({ status: 503, headers: { 'retry-after': '60' } });
    const { id } = await harness.createEndpoint({ url: receiver.urlOf('/a/b/c?token=secret') });
    await dispatcher.emit('a', {});
    await harness.advance(0);
    const { items } = await dispatcher.explain('a', {}, { endpointId: id });
    const { blockedUntil = 0 } = await dispatcher.endpoints.get(id);
    expect(blockedUntil).toBeGreaterThan(clock.now());
    expect(items).toMatchObject([
      {
        url: `${receiver.urlOf('/a/b/')}…?…`,
        receives: true,
        verdict: 'waits',
        blockedUntil,
        reason: `It matches, and waits until ${new Date(blockedUntil).toISOString()}, because the endpoint asked for that.`,
      },
    ]);
  });

  it('tells of endpoints that this process cannot judge', async () => {
    await using world = await createWorld();
    const rich = world.start({ functions: { filter: { vip: () => true } } });
    await rich.endpoints.create({
      id: 'ep',
      url: world.receiver.url,
      filter: { $custom: 'vip', 'data.n': 1 },
    });
    const poor = world.start();
    const unserved = 'the filter function "vip" is not registered here';
    expect((await poor.explain('a', { n: 1 })).items).toMatchObject([
      { receives: false, verdict: 'unserved', reason: `This process cannot tell: ${unserved}.`, unserved },
    ]);
    expect((await poor.explain('a', { n: 2 })).items).toMatchObject([{ verdict: 'filter', unserved }]);
    expect((await rich.explain('a', { n: 1 })).items).toMatchObject([
      { verdict: 'receives', unserved: undefined },
    ]);
  });

  it('comes in pages, or for one endpoint', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    for (const id of ['a', 'b', 'c']) await harness.createEndpoint({ id });
    await harness.createEndpoint({ id: 'd', tenant: 'acme' });
    const first = await dispatcher.explain('x', {}, { limit: 2 });
    const second = await dispatcher.explain('x', {}, { limit: 2, cursor: first.nextCursor });
    expect([...first.items, ...second.items].map(({ endpointId }) => endpointId)).toEqual(['a', 'b', 'c']);
    expect(second.nextCursor).toBeUndefined();
    const one = await dispatcher.explain('x', {}, { endpointId: 'd', tenant: 'acme' });
    expect(one.items).toMatchObject([{ endpointId: 'd', receives: true }]);
    await expect(dispatcher.explain('x', {}, { endpointId: 'd' })).rejects.toThrow(NotFoundError);
    await expect(dispatcher.explain('x', {}, { endpointId: 'unknown' })).rejects.toThrow(NotFoundError);
  });

  it('does not take a destination that came with a message for an endpoint', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { deliveries } = await dispatcher.emit('job.done', {}, { to: { url: receiver.url } });
    const { endpointId } = deliveries[0]!;
    const { items } = await dispatcher.explain('job.done', {}, { endpointId });
    expect(items).toMatchObject([{ endpointId, receives: false, verdict: 'pattern' }]);
    expect(await dispatcher.health()).toMatchObject({ endpoints: 0 });
  });

  it('refuses what emit refuses', async () => {
    await using harness = await createHarness({ dispatcher: { maxPayloadBytes: 10 } });
    const { dispatcher } = harness;
    await expect(dispatcher.explain('job done', {})).rejects.toThrow(OptionsError);
    await expect(dispatcher.explain('a', 'x'.repeat(20))).rejects.toThrow(PayloadError);
    await expect(dispatcher.explain('a', 1n)).rejects.toThrow(PayloadError);
    await expect(dispatcher.explain('a', {}, { tenant: '' })).rejects.toThrow('tenant');
    await expect(dispatcher.explain('a', {}, { metadata: [] as never })).rejects.toThrow('metadata');
    await expect(dispatcher.explain('a', {}, { endpoint: 'x' } as never)).rejects.toThrow('endpointId');
  });
});
