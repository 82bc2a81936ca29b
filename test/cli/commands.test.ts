/** Commands as processes, beside an application that works with the same store. */
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/index.ts';
import type {
  DeliveryDetailResource,
  DeliveryResource,
  MessageResource,
  ReceiptResource,
  ReplayResultResource,
  StatsResource,
  TestResultResource,
  WebhookResource,
} from '../../src/http/index.ts';
import { verifyWebhook } from '../../src/receiver/index.ts';
import { until } from '../support/world.ts';
import { createCommandPlace, type CommandPlace, PLACES } from '../support/command-place.ts';

interface List<Item> {
  readonly data: readonly Item[];
  readonly next_cursor?: string;
}

/** The application has made it, and so knows it: what another process adds it hears of within a second. */
async function withEndpoint(
  kind: (typeof PLACES)[number],
  more: Partial<EndpointInput> = {},
): Promise<CommandPlace & { readonly id: string }> {
  const place = await createCommandPlace(kind);
  const { url } = place.receiver;
  const { id } = await place.app.endpoints.create({ url, name: 'My app', events: ['job.*'], ...more });
  return Object.assign(place, { id });
}

describe.each(PLACES)('commands on %s', { timeout: 60_000 }, (kind) => {
  it('add, list, show, change and remove an endpoint', async () => {
    await using place = await createCommandPlace(kind);
    const { cli, receiver, allow, app } = place;
    const added = await cli.run(
      'add',
      receiver.url,
      'My app',
      'match,upload',
      '--header',
      'X-Team: blue',
      '--rate-limit',
      '100/1m',
      ...allow,
    );
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toMatch(/Events: +match, upload\n/);
    expect(added.stderr).toMatch(
      /^\s*Secret, for the receiver to verify with; it is not shown again:\n +whsec_\S{32,}\n/m,
    );
    const { data } = await cli.json<List<WebhookResource>>(['list']);
    expect(data).toMatchObject([
      {
        name: 'My app',
        url: receiver.url,
        events: ['match', 'upload'],
        active: true,
        successful_deliveries: 0,
        rate_limit: { limit: 100, interval_ms: 60_000 },
      },
    ]);
    const { id } = data[0]!;
    expect(await app.endpoints.get(id)).toMatchObject({ name: 'My app', headers: { 'X-Team': 'blue' } });
    expect((await cli.run('list')).stdout).toMatch(
      new RegExp(
        `^NAME +ID +URL +EVENTS +SUCCESS +FAILURES +LAST TRIGGERED +STATE\nMy app +✓ +${id} +\\S+ +match, upload +0 +0 +never +active\n$`,
      ),
    );

    const changed = await cli.json<WebhookResource>([
      'update',
      id,
      '--name',
      'Our app',
      '--events',
      'job.*',
      '--remove-header',
      'X-Team',
      '--unset',
      'rate-limit',
      '--max-attempts',
      '3',
    ]);
    expect(changed).toMatchObject({ name: 'Our app', events: ['job.*'], retry_config: { max_attempts: 3 } });
    expect(changed.rate_limit).toBeUndefined();
    expect(changed.headers ?? {}).toEqual({});
    expect((await cli.run('update', id, '--name', 'x', '--revision', '1')).code).toBe(4);
    expect((await cli.run('show', id)).stdout).toMatch(/^Name: +Our app\n/);
    expect(await cli.json(['remove', id])).toEqual({ id, deleted: true });
    expect(await cli.run('show', id)).toMatchObject({ code: 3, stdout: '' });
  });

  it('emit what the application delivers, and show what became of it', async () => {
    await using place = await withEndpoint(kind);
    const { cli, receiver, id } = place;
    const receipt = await cli
      .withInput('{"job_id":"42"}')
      .json<ReceiptResource>(['emit', 'job.completed', '-', '--idempotency-key', 'job-42']);
    const [request] = await receiver.waitFor(1);
    expect(request!.json()).toMatchObject({ type: 'job.completed', data: { job_id: '42' } });
    const again = await cli.json<ReceiptResource>([
      'emit',
      'job.completed',
      '{"job_id":"42"}',
      '--idempotency-key',
      'job-42',
    ]);
    expect(again).toMatchObject({ id: receipt.id, duplicate: true });
    await place.app.drain();

    const { data: deliveries } = await cli.json<List<DeliveryResource>>(['deliveries', id]);
    expect(deliveries).toMatchObject([
      { event_type: 'job.completed', state: 'succeeded', message_id: receipt.id },
    ]);
    const detail = await cli.json<DeliveryDetailResource>(['attempts', deliveries[0]!.id]);
    expect(detail.attempt_log).toMatchObject([
      { attempt: 1, outcome: 'delivered', response: { status: 204 } },
    ]);
    expect((await cli.run('attempts', deliveries[0]!.id)).stdout).toMatch(/\n1 +\S+ \S+ +delivered +204 /);
    const { data: messages } = await cli.json<List<MessageResource>>(['messages', '--type', 'job.completed']);
    expect(messages).toMatchObject([{ id: receipt.id, idempotency_key: 'job-42' }]);
    expect((await cli.run('messages', receipt.id)).stdout).toContain('"job_id": "42"');
    expect(await cli.json<StatsResource>(['stats', id])).toMatchObject({
      successful_deliveries: 1,
      failed_deliveries: 0,
      success_rate: 1,
    });
    expect((await cli.run('stats')).stdout).toMatch(/^Deliveries: +1\n/);
  });

  it('test an endpoint by its URL and by its id', async () => {
    await using place = await withEndpoint(kind);
    const { cli, receiver, id, allow } = place;
    const passed = await cli.json<TestResultResource>(['test', receiver.url, ...allow]);
    expect(passed).toMatchObject({ delivered: true, status: 204, webhook_id: id });
    receiver.always(500);
    const failed = await cli.run('test', id, ...allow);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stdout).toMatch(/Result: +not delivered\nStatus: +500\n/);
    expect(receiver.received).toBe(2);
    expect(await cli.run('test', 'https://example.com/none')).toMatchObject({ code: 3 });
  });

  it('retry, replay and cancel', async () => {
    await using place = await withEndpoint(kind, { retry: 'once' });
    const { cli, receiver, app, id } = place;
    receiver.always(500);
    for (const n of [1, 2, 3]) await app.emit('job.completed', { n });
    await app.drain();
    receiver.always(204);
    const { data } = await cli.json<List<DeliveryResource>>(['deliveries', '--state', 'exhausted']);
    expect(data).toHaveLength(3);
    expect(await cli.run('retry', data[0]!.id)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^dlv_\S+ is (due now|being sent)\.\n$/),
    });
    await receiver.waitFor(4);
    await app.drain();

    const counted = await cli.json<ReplayResultResource>([
      'replay',
      id,
      '--failed',
      '--since',
      '1h',
      '--dry-run',
    ]);
    expect(counted).toMatchObject({ retried: 2, dry_run: true });
    const asked = await cli.run('replay', id, '--failed');
    expect(asked).toMatchObject({ code: 4, stdout: '' });
    expect(asked.stderr).toMatch(/^posthorn: 2 deliveries will be due now\. .*--yes/);
    expect(receiver.received).toBe(4);
    expect(await cli.run('replay', id, '--failed', '--yes')).toMatchObject({
      code: 0,
      stdout: '2 messages: 2 deliveries are due again.\n',
    });
    await receiver.waitFor(6);
    await app.drain();
    expect((await cli.json<StatsResource>(['stats'])).by_state).toMatchObject({ succeeded: 3, exhausted: 0 });
    expect((await cli.run('cancel', data[0]!.id)).stdout).toBe(`${data[0]!.id}: succeeded.\n`);
  });

  it('retry and cancel what is there, whatever is missing beside it', async () => {
    await using place = await withEndpoint(kind, { retry: 'once' });
    const { cli, receiver, app } = place;
    receiver.always(500);
    for (const n of [1, 2]) await app.emit('job.completed', { n });
    await app.drain();
    receiver.always(204);
    const { data } = await cli.json<List<DeliveryResource>>(['deliveries', '--state', 'exhausted']);
    const ids = ['dlv_none', data[0]!.id, 'dlv_gone', data[1]!.id];
    const retried = await cli.run('retry', ...ids);
    expect(retried).toMatchObject({ code: 3, stdout: expect.stringMatching(/^(dlv_\S+ is .*\n){2}$/) });
    expect(retried.stderr).toMatch(/^dlv_none: No delivery .*\ndlv_gone: No delivery .*\n$/);
    await receiver.waitFor(4);
    await app.drain();
    const cancelled = await cli.run('cancel', ...ids);
    expect(cancelled).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^(dlv_\S+: succeeded\.\n){2}$/),
    });
  });

  it('pause, resume, disable and enable an endpoint', async () => {
    await using place = await withEndpoint(kind);
    const { cli, app, id, receiver } = place;
    expect((await cli.json<WebhookResource>(['pause', id])).paused).toBe(true);
    await cli.run('emit', 'job.completed', '{}');
    expect((await cli.run('list')).stdout).toMatch(/ paused\n$/);
    expect(await cli.run('resume', id)).toMatchObject({ code: 0 });
    await receiver.waitFor(1);
    expect(await cli.run('disable', id)).toMatchObject({ code: 0, stdout: `Disabled ${id}.\n` });
    expect(await app.endpoints.get(id)).toMatchObject({ status: 'disabled' });
    expect((await cli.run('resume', id)).code).toBe(4);
    const explained = await cli.json<List<object>>(['explain', 'job.completed', '{}']);
    expect(explained.data).toMatchObject([{ webhook_id: id, receives: false, verdict: 'disabled' }]);
    expect(await cli.run('enable', id)).toMatchObject({ code: 0 });
    expect(await app.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('rotate a secret, so that the receiver verifies with the new one', async () => {
    await using place = await withEndpoint(kind);
    const { cli, app, id, receiver } = place;
    const rotated = await cli.json<{ secret: string }>(['rotate-secret', id, '--grace', '1h']);
    // It hears of it within a second; the old one signs until then.
    await until(async () => {
      await app.emit('job.completed', {});
      await app.drain();
      const { body, headers } = receiver.requests.at(-1)!;
      return (await verifyWebhook(body, headers, { secret: rotated.secret })).ok;
    }, 'the new secret signs');
  });

  it('tell what a doctor finds', async () => {
    await using place = await withEndpoint(kind);
    const { cli, id } = place;
    expect(await cli.run('doctor')).toMatchObject({ code: 0 });
    await cli.run('pause', id);
    const { findings } = await cli.json<{
      findings: readonly { level: string; about: string; message: string }[];
    }>(['doctor']);
    expect(findings).toContainEqual({
      level: 'notice',
      about: `endpoint ${id}`,
      message: 'is paused; posthorn resume ends that',
    });
  });
});

describe.each(['file', 'sqlite', 'postgres'] as const)(
  'commands on the whole of %s',
  { timeout: 60_000 },
  (kind) => {
    it('disable and enable everything, for the application, too', async () => {
      await using place = await withEndpoint(kind);
      const { cli, app, receiver } = place;
      const refused = await cli.run('disable');
      expect(refused).toMatchObject({ code: 4 });
      expect(refused.stderr).toMatch(/There is nobody to ask here: say --yes\.\n$/);
      expect(await cli.run('disable', '--yes')).toMatchObject({
        code: 0,
        stderr: '',
        stdout: 'Everything is disabled. What is emitted meanwhile waits.\n',
      });
      expect((await cli.run('doctor')).code).toBe(1);
      await app.emit('job.completed', {});
      await app.drain();
      expect(receiver.received).toBe(0);
      expect(await cli.json(['enable'])).toEqual({ enabled: true });
      await receiver.waitFor(1);
    });

    it('prune what is older than they are told', async () => {
      await using place = await withEndpoint(kind);
      const { cli, app, receiver } = place;
      await app.emit('job.completed', {});
      await receiver.waitFor(1);
      await app.drain();
      expect(await cli.json(['prune', '--yes'])).toEqual({ messages: 0, complete: true });
      expect(await cli.json(['prune', '--succeeded', '0s', '--yes'])).toEqual({
        messages: 1,
        complete: true,
      });
      expect((await cli.json<List<object>>(['messages'])).data).toEqual([]);
    });
  },
);

describe('commands that concern a whole store', () => {
  it.each([['enable'], ['disable', '--yes'], ['prune', '--yes']])(
    'are refused over the API: %s',
    async (...args) => {
      await using place = await createCommandPlace('url');
      const refused = await place.cli.run(...args);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(
        /not possible over --url: it concerns all tenants of the application\. Give --store\./,
      );
    },
  );
});
