import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { kyTransport, type Logger, undiciTransport, WebhookDispatcher } from '../../src/index.ts';
import { createHarness, type Harness } from '../../src/testing/index.ts';
import { ConnectProxy } from '../support/connect-proxy.ts';
import { recordEvents } from '../support/world.ts';

const HOUR = 3_600_000;

interface Setup extends AsyncDisposable {
  readonly proxy: ConnectProxy;
  readonly harness: Harness;
  /** The receiver under a name that only the proxy knows. */
  readonly url: string;
}

async function setup(options: { credentials?: string; logger?: Logger } = {}): Promise<Setup> {
  const { credentials, ...dispatcher } = options;
  const proxy = await ConnectProxy.start();
  const harness = await createHarness({
    dispatcher: { ...dispatcher, network: { proxy: proxy.url(credentials) } },
  });
  return {
    proxy,
    harness,
    url: harness.receiver.url.replace('127.0.0.1', 'receiver.test'),
    async [Symbol.asyncDispose]() {
      await harness.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

describe('network.proxy', () => {
  it('carries deliveries, tests of endpoints and replays', async () => {
    await using world = await setup();
    const { harness, proxy, url } = world;
    const { id } = await harness.createEndpoint({ url });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    expect(await harness.dispatcher.replay({ states: ['succeeded'] })).toMatchObject({ retried: 1 });
    await harness.advance(0);
    expect(harness.receiver.received).toBe(3);
    expect(proxy.tunnels).toBe(harness.receiver.connections);
    expect(new Set(proxy.asked.map(({ authority }) => authority))).toEqual(new Set([new URL(url).host]));
  });

  it('that is down uses up no attempt, for many hours', async () => {
    await using world = await setup();
    const { harness, proxy, url } = world;
    proxy.conduct = { status: 503 };
    const { id } = await harness.createEndpoint({ url, retry: 'once' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(10 * HOUR);
    const [waiting] = await harness.deliveriesTo(id);
    expect(waiting).toMatchObject({ state: 'scheduled', reason: 'proxy_failed', attempts: 0 });
    expect(waiting!.attemptLog.at(-1)).toMatchObject({
      outcome: 'dispatcher_failed',
      reason: 'proxy_failed',
      detail: 'the proxy failed (HTTP 503)',
    });
    proxy.conduct = 'tunnel';
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 1, faults: 0 }]);
    expect(harness.receiver.received).toBe(1);
  });

  it('that never comes back fails the delivery after about two days', async () => {
    await using world = await setup();
    const { harness, proxy, url } = world;
    proxy.conduct = { status: 407 };
    const { id } = await harness.createEndpoint({ url });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(45 * HOUR);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'scheduled', attempts: 0 }]);
    await harness.advance(5 * HOUR);
    expect(await harness.deliveriesTo(id)).toMatchObject([
      { state: 'failed', reason: 'proxy_failed', attempts: 0, faults: 100 },
    ]);
  });

  it('that fails ends a test of an endpoint at once', async () => {
    await using world = await setup();
    world.proxy.conduct = { status: 502 };
    const { id } = await world.harness.createEndpoint({ url: world.url });
    expect(await world.harness.dispatcher.endpoints.test(id)).toMatchObject({
      delivered: false,
      outcome: 'dispatcher_failed',
      reason: 'proxy_failed',
    });
  });

  it('that refuses a destination by its policy fails the endpoint as blocked', async () => {
    await using world = await setup();
    const { harness, proxy, url } = world;
    proxy.conduct = { status: 407, headers: { 'X-Smokescreen-Error': 'denied by rule' } };
    const { id } = await harness.createEndpoint({ url, retry: 'once' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(id)).toMatchObject([
      { state: 'exhausted', reason: 'blocked', attempts: 1, attemptLog: [{ outcome: 'endpoint_failed' }] },
    ]);
  });

  it('does not let addresses in URLs pass that are refused without it', async () => {
    await using world = await setup();
    for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/', 'http://localhost/'])
      await expect(world.harness.createEndpoint({ url })).rejects.toMatchObject({ path: 'endpoint.url' });
    expect(world.proxy.asked).toEqual([]);
  });

  it('keeps its credentials out of logs, events, records, health and inspection', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    await using world = await setup({ credentials: 'robot:hunter2', logger });
    const { harness, proxy, url } = world;
    const { dispatcher } = harness;
    const events = recordEvents(dispatcher, 'delivery.retrying', 'delivery.failed', 'error');
    const { id } = await harness.createEndpoint({ url });
    for (const conduct of [{ status: 407 }, 'drop', { status: 403 }] as const) {
      proxy.conduct = conduct;
      await dispatcher.emit('job.done', {});
      await harness.advance(0);
    }
    const encoded = Buffer.from('robot:hunter2').toString('base64');
    expect(proxy.asked[0]!.headers['proxy-authorization']).toBe(`Basic ${encoded}`);
    expect(events.length).toBeGreaterThanOrEqual(3);
    const seen = [lines, events, await harness.deliveriesTo(id), await dispatcher.health(), dispatcher];
    const text = inspect(seen, { depth: 30, showHidden: true, maxArrayLength: null }) + JSON.stringify(seen);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(encoded);
  });

  it('that is down is trouble of the dispatcher: an error event a minute at most, however many deliveries wait', async () => {
    const lines: string[] = [];
    const none = (): void => undefined;
    const error = (_: object, text: string): void => void lines.push(text);
    await using world = await setup({ logger: { debug: none, info: none, warn: none, error } });
    const { harness, proxy, url } = world;
    const { dispatcher } = harness;
    proxy.conduct = { status: 503 };
    const errors = recordEvents(dispatcher, 'error');
    const { id } = await harness.createEndpoint({ url });
    await harness.createEndpoint({ url: `${url}other` });
    for (let count = 0; count < 5; count += 1) await dispatcher.emit('job.done', { count });
    await harness.advance(0);
    expect(errors).toMatchObject([{ event: { error: { code: 'send_failed', reason: 'proxy_failed' } } }]);
    const message = `Could not send to endpoint ${id}`;
    expect((await dispatcher.health()).lastError).toMatchObject({
      message: expect.stringContaining(message),
    });
    expect(lines).toMatchObject([expect.stringContaining('the proxy failed (HTTP 503)')]);
    await harness.advance(59_000);
    expect(errors).toHaveLength(1);
    // 10, 30 and 70 s after the first attempts.
    await harness.advance(12_000);
    expect(errors).toHaveLength(2);
    expect(lines.at(-1)).toContain('(and 29 more like it before)');
    await harness.advance(HOUR);
    expect(errors.length).toBeLessThan(10);
  });

  it('is refused when it is wrong, without showing it', () => {
    const create = (proxy: unknown): WebhookDispatcher =>
      new WebhookDispatcher({ network: { proxy: proxy as string } });
    expect(() => create('socks5://robot:hunter2@proxy:1080')).toThrow(
      expect.objectContaining({
        path: 'network.proxy',
        message: expect.not.stringContaining('hunter2') as string,
      }),
    );
  });
});

describe('proxies of the environment', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['undici', undiciTransport],
    ['ky', kyTransport],
  ])('are not used by %s', async (_name, create) => {
    await using proxy = await ConnectProxy.start();
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy'])
      vi.stubEnv(name, proxy.url());
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    await using harness = await createHarness({ dispatcher: { transport: create() } });
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
    expect([proxy.asked.length, proxy.otherRequests]).toEqual([0, 0]);
  });
});
