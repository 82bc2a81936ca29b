import { describe, expect, it } from 'vitest';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import type { Store } from '../../src/store/store.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { temporaryDirectory } from '../store/file/file-layers.ts';
import { runProgram } from '../support/child.ts';
import { createWorld, decorateStore, turn, until } from '../support/world.ts';

describe('starting and stopping', () => {
  it('loses and repeats nothing over ten dispatchers that stop at once, in the middle of everything', async () => {
    await using world = await createWorld();
    const sent = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const dispatcher = world.start();
      if (round === 0) await dispatcher.endpoints.create({ url: world.receiver.url, retry: 'once' });
      const emits = Array.from({ length: 20 }, async (_, n) => {
        const { id } = await dispatcher.emit('job.done', { round, n });
        sent.add(id);
      });
      await Promise.all(emits);
      for (let count = 0; count < round; count += 1) await turn();
      await dispatcher.stop();
      expect((await dispatcher.health()).status).toBe('stopped');
    }
    const last = world.start();
    await last.start();
    await world.advance(0);
    const received = world.receiver.requests.map(({ headers }) => headers['webhook-id']!);
    expect(sent.size).toBe(200);
    expect(new Set(received)).toEqual(sent);
    expect(received).toHaveLength(200);
    const { byState } = await world.store.stats({ where: {} });
    expect(byState).toMatchObject({ succeeded: 200, scheduled: 0, sending: 0, exhausted: 0, failed: 0 });
    await last.stop();
    await world.clock.advance(100);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it.each(['memory', 'file'])(
    'stores what was emitted before the stop, also while it starts (%s)',
    async (kind) => {
      const store = kind === 'file' ? fileStore(temporaryDirectory()) : memoryStore();
      await using world = await createWorld({ store });
      const dispatcher = world.start();
      const emits = Array.from({ length: 50 }, (_, n) => dispatcher.emit('job.done', n));
      const stopped = dispatcher.stop();
      const late = dispatcher.emit('job.done', 'late');
      await expect(late).rejects.toMatchObject({ code: 'stopped' });
      expect(new Set((await Promise.all(emits)).map(({ id }) => id)).size).toBe(50);
      await stopped;
    },
  );

  it('refuses at a stop who waits for a store that never opens', async () => {
    await using world = await createWorld();
    const store = decorateStore(world.store, { open: () => new Promise<never>(() => undefined) });
    const dispatcher = world.start({ store });
    const waiting = [dispatcher.start(), dispatcher.emit('job.done', 1), dispatcher.endpoints.list()];
    const refused = Promise.all(
      waiting.map((call) => expect(call).rejects.toMatchObject({ code: 'stopped' })),
    );
    const stopped = dispatcher.stop({ timeoutMs: 1_000 });
    await world.advance(1_000);
    await Promise.all([stopped, refused]);
  });

  it('shares the work of two dispatchers on one store without sending anything twice', async () => {
    await using world = await createWorld();
    const dispatchers = [world.start(), world.start()];
    await dispatchers[0]!.endpoints.create({ url: world.receiver.url });
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.start()));
    await Promise.all(Array.from({ length: 400 }, (_, n) => dispatchers[n % 2]!.emit('job.done', n)));
    await world.advance(0);
    const ids = world.receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(400);
    expect(new Set(ids).size).toBe(400);
  });

  it('keeps a delivery whose endpoint could not be read before the stop', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const { deliveries } = await producer.emit('job.done', {}, { to: { url: world.receiver.url } });
    let asked = 0;
    const endpoints = {
      ...world.store.endpoints,
      get: () => {
        asked += 1;
        return Promise.reject(new Error('down'));
      },
    };
    const dispatcher = world.start({ store: decorateStore(world.store, { endpoints }) });
    await dispatcher.start();
    await until(() => asked > 0, 'the endpoint is read');
    let isStopped = false;
    const stopped = dispatcher.stop({ timeoutMs: 3_600_000 }).then(() => {
      isStopped = true;
    });
    await until(async () => {
      await world.clock.advance(1_000);
      return isStopped;
    }, 'the dispatcher has stopped');
    await stopped;
    expect(await producer.deliveries.get(deliveries[0]!.id)).toMatchObject({
      state: 'scheduled',
      attempts: 0,
    });
    await world.start().start();
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
  });

  it('starts by itself at the first emit, once for all that come together', async () => {
    await using world = await createWorld();
    let opened = 0;
    const counted = decorateStore(world.store, {
      open: (params) => {
        opened += 1;
        return world.store.open(params);
      },
    });
    const dispatcher = world.start({ store: counted });
    expect((await dispatcher.health()).status).toBe('idle');
    await Promise.all([1, 2, 3].map((n) => dispatcher.emit('job.done', n)));
    expect(opened).toBe(1);
    expect((await dispatcher.health()).status).toBe('running');
  });

  it('can be started again after the store could not be opened', async () => {
    await using world = await createWorld();
    let failures = 1;
    const flaky = decorateStore(world.store, {
      open: (params) => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('no such database')) : world.store.open(params);
      },
    });
    const dispatcher = world.start({ store: flaky });
    await expect(dispatcher.emit('job.done', 1)).rejects.toThrow('no such database');
    await dispatcher.emit('job.done', 2);
    expect((await dispatcher.messages.list()).items).toHaveLength(1);
  });

  it('refuses options that are wrong at once, with the nearest known name', async () => {
    await using world = await createWorld();
    expect(() => world.start({ maxConcurency: 5 } as never)).toThrow('"maxConcurrency"');
    expect(() => world.start({ maxConcurrency: 0 })).toThrow('maxConcurrency');
    expect(() => world.start({ retry: 'none' as never })).toThrow('retry');
    expect(() => world.start({ store: {} as never })).toThrow('store');
    expect(() => world.start({ network: { allowPrivate: ['10.0.0.0'] } })).toThrow('allowPrivate');
  });

  it('respects maxConcurrency over all endpoints', async () => {
    await using world = await createWorld();
    world.receiver.hold();
    const dispatcher = world.start({ maxConcurrency: 3 });
    for (let n = 0; n < 5; n += 1) await dispatcher.endpoints.create({ url: world.receiver.urlOf(`/${n}`) });
    for (let n = 0; n < 4; n += 1) await dispatcher.emit('job.done', n);
    await world.receiver.waitFor(3);
    for (let count = 0; count < 50; count += 1) await turn();
    expect(world.receiver.waiting).toBe(3);
    world.receiver.release();
    await world.advance(0);
    expect(world.receiver.received).toBe(20);
  });

  it('sends to a healthy endpoint at once while more endpoints than it has slots hang, from their second attempts on', async () => {
    await using world = await createWorld();
    await using healthy = await createReceiver();
    world.receiver.hold();
    const retry = { kind: 'schedule', delaysMs: [60_000], jitter: 0 } as const;
    const dispatcher = world.start({ maxConcurrency: 8, timeoutMs: 5_000, retry });
    for (let n = 0; n < 20; n += 1)
      await dispatcher.endpoints.create({ url: world.receiver.urlOf(`/${n}`), events: ['job.*'] });
    await dispatcher.endpoints.create({ url: healthy.url, events: ['invoice.*'] });
    await dispatcher.emit('job.done', {});
    // Three rounds of timeouts, then the second attempts.
    await world.advance(15_200);
    expect(world.receiver.received).toBe(20);
    await world.advance(60_000 - 15_200 + 5_060);
    expect((await dispatcher.health()).inFlight).toBe(6);

    await dispatcher.emit('invoice.paid', {});

    await healthy.waitFor(1);
    await world.advance(30_000);
    expect(world.receiver.received).toBe(40);
  });
});

describe('a store that keeps secrets unencrypted', () => {
  async function warningsOf(capabilities: Partial<Store['capabilities']>): Promise<string[]> {
    await using world = await createWorld();
    const warnings: string[] = [];
    const warn = (_: object, text: string): void => void warnings.push(text);
    const logger = { debug: () => undefined, info: () => undefined, warn, error: () => undefined };
    const store = decorateStore(world.store, {
      capabilities: { ...world.store.capabilities, ...capabilities },
    });
    const dispatcher = world.start({ store, logger });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.start();
    await dispatcher.emit('job.done', {});
    await world.receiver.waitFor(1);
    return warnings;
  }

  it('is warned of once, when it is durable', async () => {
    expect(await warningsOf({ durable: true })).toEqual([expect.stringContaining('`encryption`')]);
    expect(await warningsOf({ durable: true, encrypted: true })).toEqual([]);
    expect(await warningsOf({})).toEqual([]);
  });
});

describe('a warning that nobody may miss', () => {
  const program = (options: string): string => `
    import { WebhookDispatcher } from 'posthorn';
    import { fileStore } from './src/store/file/index.ts';
    for (const directory of ${JSON.stringify([temporaryDirectory(), temporaryDirectory()])}) {
      const store = fileStore(directory);
      const dispatcher = new WebhookDispatcher({ store, ${options} });
      await dispatcher.start();
      await dispatcher.stop();
    }
  `;

  it('is printed once by a process whose dispatchers have no logger', async ({ signal }) => {
    const { stderr } = await runProgram(program(''), signal);
    expect(stderr.match(/POSTHORN_UNENCRYPTED/g)).toHaveLength(1);
    expect(stderr).toMatch(/^\(node:\d+\) \[POSTHORN_UNENCRYPTED\] PosthornWarning: The file store keeps/);
  });

  it('is left to the logger where there is one', async ({ signal }) => {
    const { stdout, stderr } = await runProgram(program('logger: console'), signal);
    expect((stdout + stderr).match(/The file store keeps/g)).toHaveLength(2);
    expect(stderr).not.toContain('POSTHORN_UNENCRYPTED');
  });
});
