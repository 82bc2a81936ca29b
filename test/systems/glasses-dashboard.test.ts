/** The glasses dashboard: what is sent, how often, and how long a receiver has. Its recipe is that of examples/glasses-dashboard. */
import { describe, expect, it, vi } from 'vitest';
import { createFaultReceiver } from '../../src/testing/index.ts';
import { createDashboard, MATCH, oneWebhook, PRINTED_AT, WEBHOOK_ID } from '../support/glasses-dashboard.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

interface Printed {
  readonly event: string;
  readonly timestamp: string;
  readonly data: object;
}

const printed = (text: string): Printed =>
  JSON.parse(printedBlock('glasses-dashboard', 'json', text)) as Printed;

describe('a request', () => {
  it.each([
    ['a match', printed('"confidence": 0.87,\n    "source_image": "ray_ban_glasses.jpg"')],
    ['a match, as its fields are explained', printed('https://signed-url-to-3d-model')],
    ['an upload', printed('"has_thumbnail"')],
    ['a rebuild', printed('"models_count"')],
  ])('has the printed body: %s', shows('glasses-dashboard', 'body'), async (_what, body) => {
    await using dashboard = await createDashboard({ config: oneWebhook({ events: [body.event] }) });
    await dashboard.dispatcher.emit(body.event, body.data);
    await dashboard.advance(0);
    const [request] = dashboard.receiver.requests;
    expect(request).toMatchObject({
      method: 'POST',
      text: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    expect(body.timestamp).toBe(new Date(PRINTED_AT).toISOString());
  });

  it('has the data byte for byte as it was emitted', shows('glasses-dashboard', 'body'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    const data = { '10': 1, '9': 'ünï "quoted" 👓', nested: [null, 0.1, 1e21, { a: '\u2028' }] };
    await dashboard.dispatcher.emit('match', data);
    await dashboard.advance(0);
    expect(dashboard.receiver.requests[0]!.text).toBe(
      JSON.stringify({ event: 'match', timestamp: new Date(PRINTED_AT).toISOString(), data }),
    );
  });

  it('goes to those who asked for its event', shows('glasses-dashboard', 'body', 'config-file'), async () => {
    await using dashboard = await createDashboard({
      config: (url) => ({
        enabled: true,
        endpoints: [
          { id: '1', url: `${url}matches`, events: ['match'] },
          { id: '2', url: `${url}both`, events: ['match', 'upload'] },
        ],
      }),
    });
    for (const event of ['match', 'upload', 'rebuild']) await dashboard.dispatcher.emit(event, {});
    await dashboard.advance(0);
    const got = dashboard.receiver.requests.map(
      (request) => `${request.path} ${(request.json() as Printed).event}`,
    );
    expect(got.sort()).toEqual(['/both match', '/both upload', '/matches match']);
  });
});

describe('a receiver that fails', () => {
  it(
    'gets it once, and what it failed is on record',
    shows('glasses-dashboard', 'sent-once', 'weaknesses'),
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      dashboard.receiver.always({ status: 500, body: 'out of paper' });
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(86_400_000);
      expect(dashboard.receiver.received).toBe(1);
      expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([
        {
          state: 'exhausted',
          attempts: 1,
          attemptLog: [{ reason: 'http_status', response: { status: 500, body: 'out of paper' } }],
        },
      ]);
    },
  );

  it.each([
    ['short', [0, 1_000, 6_000, 36_000, 156_000]],
    [{ kind: 'schedule', delaysMs: [60_000, 3_600_000], jitter: 0 }, [0, 60_000, 3_660_000]],
  ])(
    'gets it again where the file says so: %j',
    shows('glasses-dashboard', 'sent-once', 'config-file', 'weaknesses'),
    async (retry, times) => {
      await using dashboard = await createDashboard({ config: oneWebhook({ retry }) });
      dashboard.receiver.always(500);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(86_400_000);
      const [delivery] = await dashboard.deliveriesTo(WEBHOOK_ID);
      expect(delivery!.attemptLog.map(({ startedAt }) => startedAt - PRINTED_AT)).toEqual(times);
      const { requests } = dashboard.receiver;
      expect(new Set(requests.map(({ text, headers }) => text + headers['x-webhook-id'])).size).toBe(1);
      expect(requests[0]!.headers['x-webhook-id']).toMatch(/^msg_/);
    },
  );

  it(
    'gets what it failed when somebody asks for that',
    shows('glasses-dashboard', 'weaknesses'),
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      dashboard.receiver.reply(503, 200);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(86_400_000);
      expect(await dashboard.dispatcher.replay({ states: ['exhausted'] })).toMatchObject({ retried: 1 });
      await dashboard.advance(0);
      const [first, second] = dashboard.receiver.requests;
      expect([second!.text, second!.headers['x-webhook-id']]).toEqual([
        first!.text,
        first!.headers['x-webhook-id'],
      ]);
      expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    },
  );

  const isLong = { timeout: 30_000, ...shows('glasses-dashboard', 'sent-once') };
  it('is never switched off by the dashboard', isLong, async () => {
    await using dashboard = await createDashboard({
      config: oneWebhook(),
      dispatcher: { alerts: undefined }, // they look once a minute
    });
    dashboard.receiver.reply(410).always(500);
    for (let day = 0; day < 7; day += 1) {
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(86_400_000);
    }
    expect(dashboard.receiver.received).toBe(7);
    expect(dashboard.config().endpoints).toMatchObject([{ enabled: true }]);
  });

  it('raises an alert when one in ten or more fails', shows('glasses-dashboard', 'weaknesses'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    const alerts: string[] = [];
    dashboard.dispatcher.on('alert.raised', ({ alert, detail }) => void alerts.push(`${alert}: ${detail}`));
    dashboard.receiver.reply(...new Array<number>(5).fill(500));
    for (let count = 0; count < 25; count += 1) await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.advance(60_000);
    expect(alerts).toEqual([expect.stringMatching(/^success_rate: 80\.0 % of the 25 attempts/)]);
  });

  it.each([
    ['connection_refused', 'connection_refused'],
    ['tls_untrusted', 'tls'],
    ['reset_after_request', 'connection_reset'],
  ] as const)(
    'has its reason on record: %s',
    shows('glasses-dashboard', 'weaknesses'),
    async (fault, reason) => {
      await using receiver = await createFaultReceiver({ fault });
      await using dashboard = await createDashboard({
        config: () => oneWebhook()(receiver.url),
        dispatcher: { network: { allowPrivate: ['127.0.0.0/8'], lookup: receiver.lookup } },
      });
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([
        { state: 'exhausted', attemptLog: [{ outcome: 'endpoint_failed', reason }] },
      ]);
    },
  );
});

describe('the console of the backend', () => {
  it(
    'tells of webhooks that fail, and how to look further',
    shows('glasses-dashboard', 'weaknesses'),
    async () => {
      const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      await using dashboard = await createDashboard({ config: oneWebhook(), isLoud: true });
      dashboard.receiver.reply(404);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      const lines = told.mock.calls.map(([line]) => String(line));
      told.mockRestore();
      expect(lines).toContainEqual(
        expect.stringMatching(
          /^\[webhooks\] webhook exhausted: no further attempt \{.*"deliveryId":"dlv_.*"status":404.*"endpointId":"1701234567890"/,
        ),
      );
      expect(lines.join()).not.toContain(MATCH.best_model);
    },
  );
});

describe('the time a receiver has', () => {
  it('is 10 seconds', shows('glasses-dashboard', 'time-limit'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    dashboard.receiver.hold();
    await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.advance(9_900);
    expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([{ state: 'sending' }]);
    await dashboard.advance(150);
    expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([
      { state: 'exhausted', attemptLog: [{ reason: 'timeout' }] },
    ]);
  });

  it('is enough for one that answers after 5 seconds', shows('glasses-dashboard', 'time-limit'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    dashboard.receiver.hold();
    await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.advance(5_000);
    dashboard.receiver.release();
    await dashboard.advance(0);
    expect(await dashboard.deliveriesTo(WEBHOOK_ID)).toMatchObject([
      { state: 'succeeded', attemptLog: [{ durationMs: 5_000 }] },
    ]);
  });

  it('keeps nobody who emits', shows('glasses-dashboard', 'time-limit'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    dashboard.receiver.hold();
    const receipt = await dashboard.dispatcher.emit('match', MATCH);
    expect(receipt.deliveries).toHaveLength(1);
    expect(dashboard.clock.now()).toBe(PRINTED_AT);
  });
});
