/** System D: image jobs with flat bodies, a fixed schedule, and 200 as the only success. */
import { createHmac } from 'node:crypto';
import { createSystemRandom } from 'posthorn';
import { createFaultReceiver } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';
import { ImageProcessor } from '../../examples/imggo/image-processor.ts';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { printedBlock, readDocument } from '../support/system-documents.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

const SECRET = 'your_webhook_secret';
const COMPLETED = JSON.parse(printedBlock('imggo', 'json', '"job.completed"')) as Record<string, unknown>;
const FAILED = JSON.parse(printedBlock('imggo', 'json', '"job.failed"')) as Record<string, unknown>;
const MINUTE = 60_000;

/** Delays that are not exact come out as long as they can. */
const random = { ...createSystemRandom(), fraction: () => 0.999 };

/** The recipe, with receivers on this machine that have no certificates. */
function setup(): Promise<Harness> {
  return createHarness({ dispatcher: { ...webhookOptions, network: LOOPBACK, random } });
}

/** When each attempt is made, in seconds, by the table of the document. */
function documentedSeconds(): number[] {
  const rows = [...readDocument('imggo').matchAll(/^\| \d \| [\w ]+ \| ([\w ]+) \|$/gm)];
  const unit = { h: 3_600, m: 60, s: 1 };
  return rows.map(([, total]) =>
    [...total!.matchAll(/(\d+)([hms])/g)].reduce(
      (sum, [, count, name]) => sum + Number(count) * unit[name as 'h' | 'm' | 's'],
      0,
    ),
  );
}

describe('an event of ImgGo', () => {
  it.each([COMPLETED, FAILED])(
    'is sent as printed ($event), with its signature and no header of ours',
    shows('imggo', 'events', 'signature'),
    async (payload) => {
      await using harness = await setup();
      await harness.createEndpoint({ events: ['job.completed', 'job.failed'], secret: SECRET });
      await harness.dispatcher.emit(payload['event'] as string, payload);
      await harness.advance(0);
      const [request] = harness.receiver.requests;
      expect(request!.text).toBe(JSON.stringify(payload));
      const { 'x-imggo-signature': signature, ...headers } = request!.headers;
      expect(signature).toBe(createHmac('sha256', SECRET).update(request!.body).digest('hex'));
      expect(headers['content-type']).toBe('application/json');
      expect(Object.keys(headers).filter((name) => /^(x-|webhook-)/.test(name))).toEqual([]);
    },
  );

  it('has the printed members, in their order', shows('imggo', 'events'), async () => {
    await using harness = await setup();
    await harness.createEndpoint({ tenant: 'acme', events: ['job.*'] });
    const processor = new ImageProcessor({
      webhooks: harness.dispatcher,
      now: () => harness.clock.now(),
      read: async (url) => {
        if (url.endsWith('missing.jpg')) throw new Error('Image URL is not accessible');
        return { result: COMPLETED['result'] as Record<string, string>, confidence: 0.97 };
      },
    });
    for (const image_url of ['https://a.example/invoice.jpg', 'https://a.example/missing.jpg'])
      processor.submit('acme', { pattern_id: 'pat_2gYc3kZ8mN', image_url });
    await processor.idle();
    await harness.advance(0);
    const events = harness.receiver.requests.map((request) => request.json() as Record<string, unknown>);
    const byType = (type: string): Record<string, unknown>[] => events.filter(({ event }) => event === type);
    for (const printed of [COMPLETED, FAILED]) {
      const [sent] = byType(printed['event'] as string);
      expect(Object.keys(sent!)).toEqual(Object.keys(printed));
      expect(sent).toMatchObject({ pattern_id: printed['pattern_id'], status: printed['status'] });
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(sent).toMatchObject({ created_at: time });
    }
    expect(byType('job.completed')[0]).toMatchObject({ result: COMPLETED['result'] });
    expect(byType('job.failed')[0]).toMatchObject({ error: FAILED['error'] });
    const [queued, other] = byType('job.queued');
    expect(queued).toMatchObject({ job_id: expect.any(String), estimated_time_ms: expect.any(Number) });
    expect(queued!['job_id']).not.toBe(other!['job_id']);
  });

  it('goes to the webhooks of its customer alone', shows('imggo', 'registration'), async () => {
    await using harness = await setup();
    await harness.createEndpoint({ tenant: 'acme', url: harness.receiver.urlOf('/acme') });
    await harness.createEndpoint({ tenant: 'globex', url: harness.receiver.urlOf('/globex') });
    await harness.dispatcher.emit('job.completed', COMPLETED, { tenant: 'acme' });
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ path }) => path)).toEqual(['/acme']);
  });

  it(
    'is the same on every attempt, so that a receiver can act once',
    shows('imggo', 'receive-well'),
    async () => {
      await using harness = await setup();
      harness.receiver.reply(500, 200);
      await harness.createEndpoint({ secret: SECRET });
      for (let time = 0; time < 2; time += 1)
        await harness.dispatcher.emit('job.completed', COMPLETED, { idempotencyKey: 'job.completed 1' });
      await harness.advance(MINUTE);
      expect(new Set(harness.receiver.requests.map(({ text }) => text)).size).toBe(1);
      expect(harness.receiver.received).toBe(2);
    },
  );
});

describe('a webhook of ImgGo that fails', () => {
  it.each([
    ['a mix of answers', [201, 302, 400, 410, 429, 503]],
    ['nothing but 202', [202, 202, 202, 202, 202, 202]],
  ])('by %s is attempted at the documented times', shows('imggo', 'schedule'), async (_, statuses) => {
    await using harness = await setup();
    const startedAt = harness.clock.now();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push((harness.clock.now() - startedAt) / 1_000);
      return { status: statuses[arrivals.length - 1]!, headers: { 'retry-after': '7200' } };
    });
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.advance(24 * 60 * MINUTE);
    expect(documentedSeconds()).toEqual([0, 30, 150, 750, 2_550, 6_150]);
    expect(arrivals).toEqual(documentedSeconds());
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 6 }]);
    expect(await harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });

  it('by a refused connection is attempted as often', shows('imggo', 'schedule'), async () => {
    await using receiver = await createFaultReceiver({ fault: 'connection_refused' });
    await using harness = await setup();
    const endpoint = await harness.createEndpoint({ url: receiver.url, secret: SECRET });
    await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.advance(24 * 60 * MINUTE);
    const [delivery] = await harness.deliveriesTo(endpoint);
    const [first] = delivery!.attemptLog;
    const seconds = delivery!.attemptLog.map(({ startedAt }) => (startedAt - first!.startedAt) / 1_000);
    expect(seconds).toEqual(documentedSeconds());
  });

  it('keeps its times, however much else fails', shows('imggo', 'schedule'), async () => {
    await using harness = await setup();
    harness.receiver.always(503);
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    for (let job = 0; job < 50; job += 1)
      await harness.dispatcher.emit('job.completed', { ...COMPLETED, job });
    await harness.advance(24 * 60 * MINUTE);
    for (const { attemptLog } of await harness.deliveriesTo(endpoint)) {
      const seconds = attemptLog.map(({ startedAt }) => (startedAt - attemptLog[0]!.startedAt) / 1_000);
      expect(seconds).toEqual(documentedSeconds());
    }
  });

  it('is answered with 200 and is done, at whatever attempt', shows('imggo', 'schedule'), async () => {
    await using harness = await setup();
    harness.receiver.reply(500, 204).always(200);
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.advance(24 * 60 * MINUTE);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 3 }]);
  });

  it(
    'is not lost: on record with its attempts, counted, and sent again',
    shows('imggo', 'weaknesses'),
    async () => {
      await using harness = await setup();
      const { dispatcher, receiver, clock } = harness;
      receiver.always(500);
      const endpoint = await harness.createEndpoint({ secret: SECRET });
      await dispatcher.emit('job.completed', COMPLETED);
      await harness.advance(24 * 60 * MINUTE);
      const { items } = await dispatcher.deliveries.list({ states: ['exhausted'] });
      expect((await dispatcher.deliveries.get(items[0]!.id)).attemptLog).toHaveLength(6);
      expect(await dispatcher.stats({ endpointId: endpoint.id })).toMatchObject({
        byState: { exhausted: 1 },
      });
      receiver.always(200);
      await clock.advance(1);
      await dispatcher.replay({ states: ['exhausted'] });
      await harness.advance(0);
      expect(receiver.requests.at(-1)!.text).toBe(JSON.stringify(COMPLETED));
      expect(await dispatcher.stats()).toMatchObject({
        byState: { exhausted: 0, succeeded: 1 },
        successRate: 1,
      });
    },
  );
});

describe('the success rate of ImgGo', () => {
  it.each([
    [95, []],
    [94, ['alert.raised']],
  ])('of %i in a hundred', shows('imggo', 'success-rate'), async (delivered, expected) => {
    await using harness = await setup();
    const alerts: string[] = [];
    for (const name of ['alert.raised', 'alert.cleared'] as const)
      harness.dispatcher.on(name, ({ alert, value }) => void alerts.push(name, alert, value.toFixed(2)));
    harness.receiver.reply(...Array.from({ length: 100 - delivered }, () => 500)).always(200);
    await harness.createEndpoint({ secret: SECRET });
    for (let job = 0; job < 100; job += 1)
      await harness.dispatcher.emit('job.completed', { ...COMPLETED, job });
    // The next attempts of those that failed are half a minute away, and the numbers are looked at each minute.
    await harness.advance(29_000);
    expect((await harness.dispatcher.stats()).attempts).toEqual({ delivered, failed: 100 - delivered });
    await harness.dispatcher.pause();
    await harness.advance(31_000);
    expect(alerts).toEqual(expected.flatMap((name) => [name, 'success_rate', '0.94']));
  });
});
