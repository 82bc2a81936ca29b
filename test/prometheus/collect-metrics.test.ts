import { register, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/index.ts';
import { collectMetrics, type PrometheusOptions } from '../../src/prometheus/index.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness, type Harness, type HarnessOptions } from '../../src/testing/index.ts';
import { decorateStore } from '../support/world.ts';

async function setup(
  options: PrometheusOptions = {},
  harnessOptions: HarnessOptions = {},
): Promise<Harness & { registry: Registry; stop: () => void; read: () => Promise<string[]> }> {
  const registry = new Registry();
  const harness = await createHarness<Record<string, unknown>>(harnessOptions);
  const stop = collectMetrics(harness.dispatcher, { registry, ...options });
  const read = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.assign(harness, { registry, stop, read });
}

describe('metrics', () => {
  it('count messages, attempts and deliveries, and time attempts', async () => {
    await using world = await setup();
    await world.createEndpoint({
      events: ['job.*'],
      retry: { kind: 'schedule', delaysMs: [1_000], jitter: 0 },
    });
    world.receiver.reply(500);
    await world.dispatcher.emit('job.done', {});
    await world.dispatcher.emit('user.new', {});
    await world.advance(0);
    let lines = await world.read();
    expect(lines).toContain('posthorn_messages_accepted_total{event_type="job.done"} 1');
    expect(lines).toContain('posthorn_messages_accepted_total{event_type="user.new"} 1');
    expect(lines).toContain('posthorn_attempts_total{outcome="failed",event_type="job.done"} 1');
    expect(lines).toContain('posthorn_deliveries{state="scheduled"} 1');
    expect(lines).toContain('posthorn_deliveries_waiting_for_retry 1');
    expect(lines).toContain('posthorn_deliveries_pending 1');
    await world.advance(1_000);
    lines = await world.read();
    expect(lines).toContain('posthorn_attempts_total{outcome="delivered",event_type="job.done"} 1');
    expect(lines).toContain('posthorn_deliveries_total{state="succeeded",event_type="job.done"} 1');
    expect(lines).toContain(
      'posthorn_attempt_duration_seconds_count{outcome="delivered",event_type="job.done"} 1',
    );
    expect(lines).toContain('posthorn_deliveries{state="succeeded"} 1');
    expect(lines).toContain('posthorn_deliveries_pending 0');
    expect(lines).toContain('posthorn_endpoints 1');
    expect(lines).toContain('posthorn_in_flight 0');
    expect(lines).toContain('posthorn_messages_unmatched 0');
  });

  it('tell of messages that are not matched', async () => {
    await using world = await setup({}, { dispatcher: { deliver: false } });
    await world.dispatcher.emit('job.done', {});
    expect(await world.read()).toContain('posthorn_messages_unmatched 1');
  });

  it('count what was given up, discarded and failed, and leave tests out', async () => {
    await using world = await setup();
    const { id } = await world.createEndpoint({ retry: 'once' });
    world.receiver.reply(500);
    await world.dispatcher.emit('job.done', {});
    await world.advance(0);
    await world.dispatcher.endpoints.test(id);
    await world.dispatcher.endpoints.update(id, { status: 'disabled' });
    await world.dispatcher.emit('job.done', {});
    await world.advance(0);
    const lines = await world.read();
    expect(lines).toContain('posthorn_deliveries_total{state="exhausted",event_type="job.done"} 1');
    expect(lines).toContain('posthorn_deliveries_total{state="discarded",event_type="job.done"} 1');
    expect(lines.filter((line) => line.startsWith('posthorn_attempts_total'))).toEqual([
      'posthorn_attempts_total{outcome="failed",event_type="job.done"} 1',
    ]);
  });

  it('have the prefix, the labels and the buckets that they are told to have', async () => {
    await using world = await setup({ prefix: 'app_', labels: ['endpoint_id', 'tenant'], buckets: [0.5, 1] });
    const { id } = await world.createEndpoint();
    await world.dispatcher.emit('job.done', {});
    await world.advance(0);
    const lines = await world.read();
    expect(lines).toContain('app_messages_accepted_total{tenant="default"} 1');
    expect(lines).toContain(`app_deliveries_total{state="succeeded",endpoint_id="${id}",tenant="default"} 1`);
    expect(lines.filter((line) => line.startsWith('app_attempt_duration_seconds_bucket'))).toHaveLength(3);
    expect(lines.every((line) => line.startsWith('app_'))).toBe(true);
  });

  it('say that everything is paused, and count troubles by their code', async () => {
    await using world = await setup();
    await world.dispatcher.pause();
    await expect(world.dispatcher.emit('no type', {})).rejects.toThrow();
    const lines = await world.read();
    expect(lines).toContain('posthorn_paused 1');
    expect(lines).toContain('posthorn_errors_total{code="invalid_option"} 1');
  });

  it('are told while the store fails, and do not start a dispatcher', async () => {
    let isDown = false;
    const store = memoryStore();
    const failing = decorateStore(store, {
      stats: (params) => (isDown ? Promise.reject(new Error('down')) : store.stats(params)),
    });
    await using world = await setup({}, { dispatcher: { store: failing } });
    expect(await world.read()).toContain('posthorn_endpoints 0');
    expect((await world.dispatcher.health()).status).toBe('idle');
    await world.dispatcher.emit('job.done', {});
    isDown = true;
    expect(await world.read()).toContain('posthorn_messages_accepted_total{event_type="job.done"} 1');
  });

  it('end with the function that they were begun with, and can begin again', async () => {
    await using world = await setup();
    await world.dispatcher.emit('job.done', {});
    world.stop();
    expect(await world.read()).toEqual([]);
    const stop = collectMetrics(world.dispatcher, { registry: world.registry });
    await world.dispatcher.emit('job.done', {});
    expect(await world.read()).toContain('posthorn_messages_accepted_total{event_type="job.done"} 1');
    stop();
  });

  it('go to the default registry when none is given', async () => {
    await using world = await setup();
    const stop = collectMetrics(world.dispatcher, { prefix: 'default_registry_' });
    expect(register.getSingleMetric('default_registry_errors_total')).toBeDefined();
    stop();
    expect(register.getSingleMetric('default_registry_errors_total')).toBeUndefined();
  });

  it.each([
    [{ registry: {} }, 'registry', /a Registry of prom-client/],
    [{ prefix: '1_' }, 'prefix', /letters, digits and _/],
    [{ labels: ['url'] }, 'labels[0]', /event_type/],
    [{ buckets: [1, 1] }, 'buckets', /ascending/],
    [{ prefx: 'a' }, 'prefx', /prefix/],
  ])('refuse %j', async (options, path, message) => {
    await using world = await createHarness();
    const collect = (): unknown => collectMetrics(world.dispatcher, options as never);
    expect(collect).toThrow(message);
    expect(collect).toThrow(expect.objectContaining({ code: 'invalid_option', path }));
    expect(() => collectMetrics({} as WebhookDispatcher)).toThrow(/expected a WebhookDispatcher/);
  });
});
