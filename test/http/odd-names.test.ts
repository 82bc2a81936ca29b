/** Texts that some databases refuse: whoever asks for them asks for what is not there, and nothing is wrong with the store. */
import { describe, expect, it } from 'vitest';
import { createApiWorld } from '../support/api-world.ts';
import { openStore } from '../support/open-store.ts';
import { createPlace, reachable } from '../support/store-places.ts';

const ODD = ['\u0000', 'a\u0000b', 'a\u001eb', '\u001d', '\ud800', 'a'.repeat(257)];

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))('on %s', { timeout: 60_000 }, (kind) => {
  it('odd ids and event types are nowhere, and no fault of the store', async () => {
    await using place = await createPlace(kind);
    await using world = await createApiWorld({
      dispatcher: { store: openStore(place.location) },
      rateLimits: { replay: false },
    });
    const log = (): readonly string[] => world.log.filter((line) => line.includes('failed'));
    for (const odd of ODD) {
      const text = encodeURIComponent(odd.replace('\ud800', '\ufffd'));
      for (const path of [
        `/deliveries?webhook_id=${text}`,
        `/deliveries?message_id=${text}`,
        `/deliveries?event_type=${text}`,
        `/messages?event_type=${text}`,
      ]) {
        const { status, items } = await world.call(`GET ${path}`);
        expect([status, items]).toEqual([odd === '\ud800' ? 200 : 422, []]);
      }
      for (const [route, body, status] of [
        ['POST /queue/replay', { message_ids: [odd] }, 422],
        ['POST /queue/replay', { webhook_id: odd }, 404],
        ['POST /queue/retry-failed', { webhook_id: odd }, 404],
        ['POST /explain', { event_type: 'a.b', data: 1, webhook_id: odd }, 404],
      ] as const)
        expect([route, (await world.call(route, { body })).status]).toEqual([route, status]);
      for (const call of ['get', 'pause', 'remove', 'test'] as const)
        await expect(world.harness.dispatcher.endpoints[call](odd)).rejects.toMatchObject({
          code: 'not_found',
        });
      await expect(world.harness.dispatcher.stats({ endpointId: odd })).rejects.toMatchObject({
        code: 'invalid_option',
      });
    }
    expect(log()).toEqual([]);
  });
});
