import { describe, expect, it } from 'vitest';
import { Destinations } from '../../src/engine/destinations.ts';
import { derivePublicKey } from '../../src/engine/ed25519.ts';
import { createEndpointCompiler } from '../../src/engine/endpoint-runtime.ts';
import { DEFAULTS } from '../../src/options.ts';
import { resolveOptions } from '../../src/resolve-options.ts';

function setup(maxDestinations = 1_000): { destinations: Destinations; checks: () => number } {
  const { delivery, functions, userAgent, addressPolicy, requireHttps, handshakeOrigin, clock } =
    resolveOptions();
  const compiler = createEndpointCompiler({
    defaults: delivery,
    functions,
    userAgent,
    addressPolicy,
    requireHttps,
    handshakeOrigin,
    whole: DEFAULTS,
  });
  let checks = 0;
  const destinations = new Destinations({
    functions,
    clock,
    derivePublicKey,
    defaults: delivery,
    compiler: {
      ...compiler,
      check: (record, path) => {
        checks += 1;
        return compiler.check(record, path);
      },
    },
    maxDestinations,
    warn: () => undefined,
  });
  return { destinations, checks: () => checks };
}

describe('Destinations', () => {
  it('checks a destination once, however often it comes', () => {
    const { destinations, checks } = setup();
    const take = (): unknown =>
      destinations.take({ url: 'https://example.com/a', headers: { a: 'b' } }, 'to', 'default');
    const first = take();
    for (let n = 0; n < 100; n += 1) expect(take()).toBe(first);
    expect(
      destinations.take({ headers: { a: 'b' }, url: new URL('https://example.com/a') }, 'to', 'default'),
    ).toBe(first);
    expect(checks()).toBe(1);
  });

  it('keeps no more than it was told to, those used last', () => {
    const { destinations, checks } = setup(10);
    const ids = Array.from({ length: 500 }, (_, n) => {
      const { record } = destinations.take({ url: `https://example.com/jobs/${n}` }, 'to', 'default');
      destinations.take({ url: 'https://example.com/always' }, 'to', 'default');
      return record.id;
    });
    expect(ids.filter((id) => destinations.get(id) !== undefined).length).toBeLessThanOrEqual(10);
    expect(checks()).toBe(501);
  });

  it('gives one lane to all addresses of an origin, with the limits of their own', () => {
    const { destinations } = setup();
    const laneOf = (destination: object, tenant = 'default'): string =>
      destinations.take(destination, 'to', tenant).laneId;
    const lane = laneOf({ url: 'https://example.com/jobs/1' });
    expect(lane).toMatch(/^adhoc_lane_/);
    for (const same of [
      { url: 'https://EXAMPLE.com:443/jobs/2?key=1', name: 'two', retry: 'once', ordering: 'fifo' },
      { url: 'https://example.com', concurrency: 10 },
      { url: 'https://example.com', rateLimit: false, maxConcurrencyTotal: false },
    ])
      expect(laneOf(same)).toBe(lane);
    const others = [
      laneOf({ url: 'https://example.com:8443/jobs/1' }),
      laneOf({ url: 'http://example.com/jobs/1' }),
      laneOf({ url: 'https://example.com/jobs/1', concurrency: 9 }),
      laneOf({ url: 'https://example.com/jobs/1', rateLimit: { limit: 1, intervalMs: 1 } }),
      laneOf({ url: 'https://example.com/jobs/1', maxConcurrencyTotal: 1 }),
      laneOf({ url: 'https://example.com/jobs/1' }, 'acme'),
    ];
    expect(new Set([lane, ...others]).size).toBe(7);
  });

  it('takes a stored record for the same endpoint', () => {
    const { destinations } = setup();
    const { record } = destinations.take({ url: 'https://example.com/a' }, 'to', 'default');
    const other = setup().destinations;
    const loaded = other.load(record);
    expect(other.get(record.id)).toBe(loaded);
    expect(other.take({ url: 'https://example.com/a' }, 'to', 'default')).toBe(loaded);
    other.forget(record.id);
    expect(other.get(record.id)).toBeUndefined();
  });
});
