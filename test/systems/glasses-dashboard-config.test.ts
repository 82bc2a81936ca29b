/** The configuration file of the glasses dashboard, which people edit by hand while it runs. */
import { describe, expect, it } from 'vitest';
import { createDashboard, MATCH, oneWebhook } from '../support/glasses-dashboard.ts';
import { printedBlock } from '../support/system-documents.ts';
import { until } from '../support/world.ts';
import { shows } from './rows.ts';

const ID = '1701234567890';

describe('webhook_config.json', () => {
  it('is taken as it is printed', shows('glasses-dashboard', 'config-file'), async () => {
    const printed = printedBlock('glasses-dashboard', 'json', '"X-Custom-Header"');
    await using dashboard = await createDashboard({
      // The address is the only thing that is not as printed.
      config: (url) => printed.replace('https://api.example.com/webhook', url),
    });
    await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.dispatcher.emit('upload', {});
    await dashboard.advance(0);
    expect(dashboard.receiver.requests.map(({ headers }) => headers)).toEqual([
      expect.objectContaining({ authorization: 'Bearer your-token-here', 'x-custom-header': 'custom-value' }),
    ]);
  });

  it('keeps what people wrote, in their words', shows('glasses-dashboard', 'config-file'), async () => {
    const printed = printedBlock('glasses-dashboard', 'json', '"X-Custom-Header"');
    await using dashboard = await createDashboard({ config: () => printed });
    const { endpoints: theirs, ...top } = JSON.parse(printed) as { endpoints: object[] };
    await dashboard.dispatcher.endpoints.update(ID, { name: 'Our App' });
    expect(dashboard.config()).toMatchObject({ ...top, endpoints: [{ ...theirs[0], name: 'Our App' }] });
    expect(dashboard.config().endpoints[0]).not.toHaveProperty('status');
  });

  it('is made when there is none, in the same words', shows('glasses-dashboard', 'config-file'), async () => {
    await using dashboard = await createDashboard();
    expect(dashboard.config()).toMatchObject({ enabled: true, endpoints: [] });
    const { id } = await dashboard.createEndpoint({ name: 'My App', events: ['match'] });
    expect(dashboard.config()).toMatchObject({
      enabled: true,
      endpoints: [{ id, name: 'My App', url: dashboard.receiver.url, events: ['match'], enabled: true }],
    });
  });

  it('is taken up while the dashboard runs', shows('glasses-dashboard', 'config-file'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    const { dispatcher, receiver } = dashboard;
    const secretOf = async (): Promise<string | undefined> =>
      (await dispatcher.endpoints.get(ID)).headers?.['X-Webhook-Secret'];
    const emitted = async (event: string): Promise<readonly string[]> => {
      receiver.clear();
      await dispatcher.emit(event, MATCH);
      await dashboard.advance(0);
      return receiver.requests.map(({ path, headers }) => `${path} ${headers['x-webhook-secret']}`);
    };
    expect(await emitted('match')).toEqual(['/ undefined']);

    dashboard.edit(({ endpoints: [mine] }) => {
      mine!['headers'] = { 'X-Webhook-Secret': 'your-secret-token-here' };
    });
    await until(async () => (await secretOf()) === 'your-secret-token-here', 'the header is in force');
    expect(await emitted('match')).toEqual(['/ your-secret-token-here']);

    dashboard.edit(({ endpoints }) => {
      endpoints.push({ name: 'Other', url: receiver.urlOf('/other'), events: ['upload'], enabled: true });
    });
    await until(
      async () => (await dispatcher.endpoints.list()).items.length === 2,
      'the other webhook is in force',
    );
    expect(await emitted('upload')).toEqual(['/other undefined']);
    expect(await emitted('match')).toEqual(['/ your-secret-token-here']);
  });

  it('switches one webhook off, and on again', shows('glasses-dashboard', 'config-file'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    const { dispatcher, receiver } = dashboard;
    const isNow = (status: string): Promise<void> =>
      until(async () => (await dispatcher.endpoints.get(ID)).status === status, `it is ${status}`);
    dashboard.edit(({ endpoints: [mine] }) => (mine!['enabled'] = false));
    await isNow('disabled');
    await dispatcher.emit('match', MATCH);
    await dashboard.advance(0);
    expect(receiver.received).toBe(0);
    expect(await dashboard.deliveriesTo(ID)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
    ]);
    dashboard.edit(({ endpoints: [mine] }) => (mine!['enabled'] = true));
    await isNow('enabled');
    await dispatcher.emit('match', MATCH);
    await dashboard.advance(0);
    expect(receiver.received).toBe(1);
  });

  it(
    'switches everything off and on; what was missed can be sent after all',
    shows('glasses-dashboard', 'config-file', 'weaknesses'),
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      const { dispatcher, receiver } = dashboard;
      const isNow = (whilePaused: string | undefined): Promise<void> =>
        until(async () => (await dispatcher.health()).whilePaused === whilePaused, `it is ${whilePaused}`);
      dashboard.edit((config) => (config.enabled = false));
      await isNow('discard');
      await dispatcher.emit('match', MATCH);
      dashboard.edit((config) => (config.enabled = true));
      await isNow(undefined);
      await dashboard.advance(60_000);
      expect(receiver.received).toBe(0);
      expect(await dispatcher.replay({ states: ['discarded'] })).toMatchObject({ retried: 1 });
      await dashboard.advance(0);
      expect(receiver.received).toBe(1);
    },
  );

  it(
    'with a mistake in it changes nothing, and says where',
    shows('glasses-dashboard', 'config-file'),
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      const good = dashboard.config();
      dashboard.edit(({ endpoints: [mine] }) => (mine!['enabeld'] = false));
      const problem = async (): Promise<string | undefined> =>
        (await dashboard.dispatcher.health()).storeProblem?.message;
      // It has to stand for half a second of the dashboard's time, which this moves.
      const isTold = async (): Promise<boolean> => {
        await dashboard.advance(600);
        return (await problem()) !== undefined;
      };
      await until(isTold, 'the mistake is told of');
      expect(await problem()).toMatch(
        /webhook_config\.json, line \d+: Unknown key "endpoints\[0\]\.enabeld"\. Did you mean "enabled"\?/,
      );
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(dashboard.receiver.received).toBe(1);
      dashboard.save(good);
      await until(async () => (await problem()) === undefined, 'it is repaired');
    },
  );
});
