import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/errors.ts';
import { memoryStore, type OptionsError, WebhookDispatcher } from '../../src/index.ts';
import { createHarness } from '../../src/testing/index.ts';

/** Cannot be turned into a string. */
const hostile = (): never => {
  throw Object.create(null);
};

describe('describeError', () => {
  it.each([
    [Object.create(null), 'a value that cannot be shown'],
    [{ toString: hostile }, 'a value that cannot be shown'],
    [new Error('down'), 'down'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
  ])('never throws (%#)', (value, expected) => {
    expect(describeError(value)).toBe(expected);
  });
});

describe('values that cannot be shown', () => {
  it('thrown by a listener hurt neither the emit nor the delivery', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint();
    harness.dispatcher.on('message.accepted', hostile);
    harness.dispatcher.on('delivery.succeeded', hostile);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded' }]);
  });

  it('thrown by a retry function leave the slot free and the policy in force', async () => {
    await using harness = await createHarness({
      dispatcher: { functions: { shouldRetry: { hostile } }, concurrency: 1, retry: 'short' },
    });
    harness.receiver.reply(500, 500, 500);
    await harness.createEndpoint({ shouldRetry: 'hostile' });
    for (let n = 0; n < 3; n += 1) await harness.dispatcher.emit('job.done', { n });
    await harness.advance(3_600_000);
    expect(harness.receiver.received).toBe(6);
  });
});

describe('a mistaken argument', () => {
  it('that is a whole endpoint is refused without showing any of it', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint({ headers: { authorization: 'Bearer TOPSECRET' } });
    const mistaken = endpoint as unknown as string;
    for (const call of ['get', 'remove', 'pause', 'resume', 'test'] as const) {
      const error = await harness.dispatcher.endpoints[call](mistaken).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'invalid_option', path: 'id' });
      expect((error as OptionsError).message).toContain('Pass endpoint.id');
      expect((error as OptionsError).message).not.toMatch(/TOPSECRET|whsec_/);
    }
  });

  it('that is a URL or a header line is not shown', async () => {
    await using harness = await createHarness();
    const create = (input: unknown): Promise<unknown> =>
      harness.dispatcher.endpoints.create(input as never).catch((reason: unknown) => reason);
    for (const input of [
      'https://user:hunter2@a.example/',
      { url: harness.receiver.url, headers: 'authorization: Bearer hunter2' },
      { url: harness.receiver.url, signatures: ['whsec_hunter2hunter2hunter2hunter2'] },
    ]) {
      expect(String(await create(input))).not.toContain('hunter2');
    }
  });

  it('is refused by update: unknown options do not switch the revision check off', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint();
    const update = harness.dispatcher.endpoints.update(id, { name: 'x' }, { revison: 7 } as never);
    await expect(update).rejects.toMatchObject({ code: 'invalid_option', path: 'revison' });
  });
});

describe('what was checked', () => {
  it('is what is stored, whatever the caller changes afterwards', async () => {
    await using harness = await createHarness();
    const headers: Record<string, string> = { 'x-a': '1' };
    const creating = harness.createEndpoint({ id: 'one', headers });
    headers['x-b'] = 'evil\r\ninjected: 1';
    expect((await creating).headers).toEqual({ 'x-a': '1' });
    await harness.createEndpoint({ id: 'two' });
    const to = ['one'];
    const emitting = harness.dispatcher.emit('job.done', {}, { to });
    to[0] = 'two';
    expect((await emitting).deliveries).toMatchObject([{ endpointId: 'one' }]);
  });
});

describe('stop', () => {
  it('that does not wait for a start finds nothing running afterwards', async () => {
    const store = memoryStore();
    const first = new WebhookDispatcher({ store });
    await first.endpoints.create({ url: 'https://example.com/hooks' });
    await first.stop();
    const second = new WebhookDispatcher({ store });
    const emitted = second.emit('job.done', {});
    await second.stop({ timeoutMs: 0 });
    await expect(emitted).rejects.toMatchObject({ code: 'stopped' });
    expect(await second.health()).toMatchObject({ status: 'stopped', inFlight: 0 });
  });

  it('goes on when a source cannot be detached', async () => {
    const harness = await createHarness();
    const source = new EventEmitter();
    source.off = hostile;
    harness.dispatcher.attach(source, { events: ['job.done'] });
    await harness.dispatcher.start();
    await harness.close();
    expect(await harness.dispatcher.health()).toMatchObject({ status: 'stopped' });
    expect(harness.clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind after deliveries', async () => {
    const harness = await createHarness();
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.dispatcher.drain();
    await harness.close();
    expect(harness.clock.pendingTimers).toBe(0);
  });
});

describe('an endpoint created again under its id', () => {
  it('gets messages, in the same millisecond too', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ id: 'one' });
    await harness.dispatcher.endpoints.remove('one');
    await harness.createEndpoint({ id: 'one' });
    expect((await harness.dispatcher.emit('job.done', {})).deliveries).toHaveLength(1);
  });
});

describe('a step of the time of day', () => {
  it('sends nothing twice while an attempt runs', async () => {
    await using harness = await createHarness({ dispatcher: { timeoutMs: 600_000 } });
    harness.receiver.hold();
    const endpoint = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.receiver.waitFor(1);
    for (let step = 1; step <= 7; step += 1) {
      harness.clock.set(harness.clock.now() + 61_000);
      await harness.dispatcher.emit('job.done', { step });
      await harness.receiver.waitFor(1 + step);
    }
    harness.receiver.release();
    await harness.advance(0);
    expect(harness.receiver.received).toBe(8);
    for (const { state, rescues } of await harness.deliveriesTo(endpoint)) {
      expect({ state, rescues }).toEqual({ state: 'succeeded', rescues: 0 });
    }
  });
});
