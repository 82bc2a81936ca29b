import { describe, expect, it } from 'vitest';
import type { EmitOptions } from '../../src/engine/emit-options.ts';
import { NotFoundError, OptionsError, PayloadError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, recordEvents, turn } from '../support/world.ts';

class Point {
  readonly x = 1;
  toJSON(): object {
    return { at: this.x };
  }
}

describe('emit', () => {
  it('answers with the id of the message and its deliveries', async () => {
    await using harness = await createHarness();
    const first = await harness.createEndpoint({ events: ['job.*'] });
    const second = await harness.createEndpoint({ events: ['job.done', '**'] });
    await harness.createEndpoint({ events: ['user.*'] });
    const receipt = await harness.dispatcher.emit('job.done', {});
    expect(receipt).toMatchObject({ id: expect.stringMatching(/^msg_[A-Za-z0-9_-]{22}$/), duplicate: false });
    expect(receipt.deliveries.map(({ endpointId }) => endpointId).sort()).toEqual(
      [first.id, second.id].sort(),
    );
  });

  it.each([{ transaction: undefined }, { transactionSync: undefined }])(
    'takes %o for no transaction, as a wrapper may pass on none',
    async (options) => {
      await using harness = await createHarness();
      await harness.createEndpoint();
      const receipt = await harness.dispatcher.emit('job.done', {}, options as EmitOptions);
      expect(receipt).toMatchObject({ duplicate: false, deliveries: [{}] });
    },
  );

  it('serialises the data at the call: later changes are not sent', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ envelope: 'raw' });
    const data = { n: 1 };
    const emitted = harness.dispatcher.emit('job.done', data);
    data.n = 2;
    await emitted;
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.text).toBe('{"n":1}');
  });

  it('sends exactly what JSON.stringify gives, in the standard envelope', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    const data = {
      text: 'ünï "quoted" \u2028 </script>',
      missing: undefined,
      date: new Date(0),
      point: new Point(),
      list: [1.5, -0, 1e21],
      nothing: null,
    };
    await harness.dispatcher.emit('job.done', data, { timestamp: Date.UTC(2026, 4, 1) });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.text).toBe(
      `{"type":"job.done","timestamp":"2026-05-01T00:00:00.000Z","data":${JSON.stringify(data)}}`,
    );
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Posthorn\//),
      'content-length': String(request!.body.length),
    });
  });

  it.each([
    ['data.amount', { amount: 10n }],
    ['data.rate', { rate: Number.NaN }],
    ['data.list[1]', { list: [1, Infinity] }],
    ['data.list[0]', { list: [undefined] }],
    ['data.list[0].call', { list: [{ call: { toJSON: () => 1n } }] }],
    ['data["a b"]', { 'a b': 1n }],
    ['data.view', { view: new DataView(new ArrayBuffer(1)) }],
    ['data.memory', { memory: new SharedArrayBuffer(1) }],
    ['data.query', { query: new URLSearchParams('a=1') }],
    ['data.weak', { weak: new WeakRef({}) }],
    ['data', undefined],
    ['data', () => 1],
    ['data', Symbol('x')],
  ])('names the path %s of what JSON cannot carry', async (path, data) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const error: unknown = await dispatcher.emit('job.done', data).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PayloadError);
    expect(error).toMatchObject({ path, code: 'invalid_payload' });
  });

  it('names the path of a cycle', async () => {
    await using world = await createWorld();
    const order: Record<string, unknown> = { items: [{}] };
    (order['items'] as Record<string, unknown>[])[0]!['order'] = order;
    await expect(world.start().emit('job.done', { order })).rejects.toMatchObject({
      path: 'data.order.items[0].order',
    });
  });

  it('refuses data that is nested too deep to be walked as a PayloadError', async () => {
    await using world = await createWorld();
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    await expect(world.start().emit('job.done', deep)).rejects.toThrow(PayloadError);
  });

  it('counts bytes against maxPayloadBytes, not characters', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ maxPayloadBytes: 10 });
    await dispatcher.emit('job.done', '12345678');
    await expect(dispatcher.emit('job.done', '123456789')).rejects.toThrow('maxPayloadBytes');
    await dispatcher.emit('job.done', 'éééé');
    await expect(dispatcher.emit('job.done', 'ééééé')).rejects.toThrow(PayloadError);
    await world.start({ maxPayloadBytes: Infinity }).emit('job.done', 'x'.repeat(1_000_000));
  });

  it('refuses bytes that are too many before it encodes them', async () => {
    await using world = await createWorld();
    // Their base64 would be longer than any string can be.
    const emitted = world.start().emit('job.done', new Uint8Array(450 * 1024 * 1024));
    await expect(emitted).rejects.toThrow('got 629145602');
    await expect(emitted).rejects.toBeInstanceOf(PayloadError);
  });

  it.each([
    ['', {}],
    ['job..done', {}],
    ['job.done ', {}],
    ['job.*', {}],
    ['x'.repeat(257), {}],
    ['job.done', { tenant: '' }],
    ['job.done', { idempotencyKey: '' }],
    ['job.done', { id: 'a.b' }],
    ['job.done', { timestamp: Number.NaN }],
    ['job.done', { timestamp: new Date('nonsense') }],
    ['job.done', { timestamp: '2026-01-01' }],
    ['job.done', { metadata: [] }],
    ['job.done', { metadata: { big: 'x'.repeat(17_000) } }],
    ['job.done', { to: [] }],
    ['job.done', { tennant: 'a' }],
  ])('refuses %j with options %j before anything is stored', async (type, options) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await expect(dispatcher.emit(type, {}, options as never)).rejects.toThrow(OptionsError);
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('suggests the option that was meant', async () => {
    await using world = await createWorld();
    await expect(world.start().emit('job.done', {}, { tennant: 'a' } as never)).rejects.toThrow('"tenant"');
  });

  it('keeps tenants apart', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ url: receiver.urlOf('/default') });
    await harness.createEndpoint({ url: receiver.urlOf('/acme'), tenant: 'acme' });
    await dispatcher.emit('job.done', {}, { tenant: 'acme' });
    await dispatcher.emit('job.done', {}, { tenant: 'nobody' });
    await harness.advance(0);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/acme']);
    expect((await dispatcher.messages.list({ tenant: 'acme' })).items).toHaveLength(1);
  });

  it('tells of each accepted message once, after it was stored', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const stored: unknown[] = [];
    dispatcher.on('message.accepted', async ({ message }) => {
      stored.push(await world.store.getMessage({ id: message.id }));
    });
    const events = recordEvents(dispatcher, 'message.accepted');
    const { id } = await dispatcher.emit('job.done', {}, { id: 'order-1', metadata: { source: 'test' } });
    await dispatcher.emit('job.done', {}, { id, metadata: { source: 'test' } });
    await turn();
    expect(events).toMatchObject([
      { event: { message: { id, metadata: { source: 'test' } }, deliveries: 0, at: world.clock.now() } },
    ]);
    expect(stored).toMatchObject([{ id }]);
  });
});

describe('emit to named endpoints', () => {
  it('sends to these alone, whatever they subscribe to', async () => {
    await using harness = await createHarness();
    const { receiver } = harness;
    const billing = await harness.createEndpoint({ url: receiver.urlOf('/billing'), events: ['invoice.*'] });
    await harness.createEndpoint({ url: receiver.urlOf('/all') });
    const receipt = await harness.dispatcher.emit('job.done', {}, { to: [billing.id, billing.id] });
    await harness.advance(0);
    expect(receipt.deliveries).toHaveLength(1);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/billing']);
  });

  it('refuses unknown endpoints and those of other tenants, and stores nothing', async () => {
    await using harness = await createHarness();
    const foreign = await harness.createEndpoint({ tenant: 'acme' });
    const { dispatcher } = harness;
    await expect(dispatcher.emit('job.done', {}, { to: ['ep_unknown'] })).rejects.toThrow(NotFoundError);
    await expect(dispatcher.emit('job.done', {}, { to: [foreign.id] })).rejects.toThrow(NotFoundError);
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('discards what is for a disabled one', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint({ status: 'disabled' });
    await harness.dispatcher.emit('job.done', {}, { to: [endpoint.id] });
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
    ]);
  });
});

describe('the order of emission', () => {
  it('is kept by emits that nobody awaits, also while an endpoint has just changed', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      await using harness = await createHarness();
      const { id } = await harness.createEndpoint({ ordering: 'fifo' });
      const changed = harness.dispatcher.endpoints.update(id, { name: 'new' });
      const emits: Promise<unknown>[] = [];
      for (let n = 0; n < 6; n += 1) {
        emits.push(harness.dispatcher.emit('job.done', n));
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      }
      await Promise.all([...emits, changed]);
      await harness.advance(0);
      const sent = harness.receiver.requests.map((request) => (request.json() as { data: number }).data);
      expect(sent).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it('is kept from the first emit on, which starts the dispatcher', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      await using harness = await createHarness();
      const emits: Promise<unknown>[] = [];
      for (let n = 0; n < 6; n += 1) {
        emits.push(harness.dispatcher.emit('job.done', n));
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      }
      await Promise.all(emits);
      const { items } = await harness.dispatcher.messages.list();
      expect(items.map(({ data }) => data).reverse()).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });
});
