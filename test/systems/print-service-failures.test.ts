/** What comes of a webhook of the print service that fails. */
import { createFaultReceiver } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';
import { PRINTED, setup } from './print-service-world.ts';
import { shows } from './rows.ts';

describe('a webhook of the print service that fails', () => {
  it.each([
    ...[302, 400, 401, 404, 408, 410, 422, 429].map((status) => [status, [0]] as const),
    ...[500, 502, 503, 504].map((status) => [status, [0, 1_000, 3_000, 7_000]] as const),
  ])(
    'with the status %i is attempted at %j ms',
    shows('print-service', 'retries'),
    async (status, offsets) => {
      await using system = await setup();
      const { receiver, clock } = system.harness;
      const startedAt = clock.now();
      const arrivals: number[] = [];
      receiver.always(() => {
        arrivals.push(clock.now() - startedAt);
        return status;
      });
      void system.announce(system.jobOf(), 'uploading');
      await system.harness.advance(600_000);
      expect(arrivals).toEqual(offsets);
      expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: offsets.length }]);
    },
  );

  it('by silence is given 10 s, four times', shows('print-service', 'retries'), async () => {
    await using system = await setup();
    system.harness.receiver.hold();
    void system.announce(system.jobOf(), 'uploading');
    await system.harness.advance(600_000);
    const [delivery] = await system.deliveries();
    expect(delivery!.attemptLog.map(({ reason, durationMs }) => [reason, durationMs])).toEqual(
      [1, 2, 3, 4].map(() => ['timeout', 10_000]),
    );
  });

  it.each(['connection_refused', 'reset_after_request', 'invalid_status_line'] as const)(
    'by the network (%s) is tried again three times',
    shows('print-service', 'retries'),
    async (fault) => {
      await using receiver = await createFaultReceiver({ fault });
      await using system = await setup();
      void system.announce(system.jobOf({ webhook_url: receiver.url }), 'uploading');
      await system.harness.advance(600_000);
      expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: 4 }]);
    },
  );

  it('does not disable a registered endpoint by 410', shows('print-service', 'retries'), async () => {
    await using system = await setup();
    const endpoint = await system.harness.createEndpoint();
    system.harness.receiver.always(410);
    void system.announce(system.jobOf({ webhook_url: null }), 'uploading');
    await system.harness.advance(600_000);
    expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: 1 }]);
    expect(await system.harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });

  it('is on record, and can be sent again', shows('print-service', 'weaknesses'), async () => {
    await using system = await setup();
    const { dispatcher, receiver, clock } = system.harness;
    receiver.always(500);
    void system.announce(system.jobOf(), 'uploading');
    await system.harness.advance(60_000);
    const { items } = await dispatcher.deliveries.list({ states: ['exhausted'] });
    expect(await dispatcher.deliveries.get(items[0]!.id)).toMatchObject({
      attemptLog: [1, 2, 3, 4].map((attempt) => ({ attempt, response: { status: 500 } })),
    });
    receiver.always(200);
    await clock.advance(1);
    expect(await dispatcher.replay({ states: ['exhausted'] })).toMatchObject({ retried: 1 });
    await system.harness.advance(0);
    expect(receiver.requests.at(-1)!.text).toBe(JSON.stringify(PRINTED));
    expect(await system.deliveries()).toMatchObject([{ state: 'succeeded', attempts: 5 }]);
  });
});
