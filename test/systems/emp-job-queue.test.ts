/** The job queue: what its broadcaster hands over, and what its receivers get. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EventBroadcaster } from '../../examples/emp-job-queue/event-broadcaster.ts';
import { type MonitorEvent, WEBHOOK_EVENT_TYPES } from '../../examples/emp-job-queue/webhooks.ts';
import { createJobQueueWorld, type JobQueueWorld, START } from '../support/emp-job-queue.ts';
import { printedBlock, readDocument } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const WEBHOOK_ID = 'wh_1234567890_abc123def';
const EVENT_ID = 'evt_9876543210_xyz789abc';

interface Broadcaster {
  broadcast(event: MonitorEvent): void;
}

/** The broadcaster with `broadcast` as it is printed, and around it what that calls. */
function createPrintedBroadcaster(webhookService: object, heard: string[], logged: unknown[]): Broadcaster {
  const source = `return class {
    webhookService = webhookService;
    broadcastToMonitors(event) { heard.push('monitors ' + event.type); }
    broadcastToClients(event) { heard.push('clients ' + event.type); }
    ${printedBlock('emp-job-queue', 'typescript', 'broadcast(event: MonitorEvent)')}
  }`;
  const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const logger = { error: (...words: unknown[]) => logged.push(words) };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- printed code, to be run as it is
  const create = new Function('webhookService', 'heard', 'logger', outputText) as (
    ...given: unknown[]
  ) => new () => Broadcaster;
  return new (create(webhookService, heard, logger))();
}

const process = ({ harness }: JobQueueWorld) => ({ processEvent: harness.dispatcher.process });

describe('the broadcaster of the job queue', () => {
  it(
    'feeds webhooks by the printed lines, all twelve types',
    shows('emp-job-queue', 'broadcaster', 'body'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      const table = readDocument('emp-job-queue').matchAll(/^\| `((?:job|machine|worker)\.\w+)` \|/gm);
      expect([...table].map(([, type]) => type)).toEqual(WEBHOOK_EVENT_TYPES);
      await world.register();
      const heard: string[] = [];
      const logged: unknown[] = [];
      const broadcaster = createPrintedBroadcaster(process(world), heard, logged);
      for (const type of [...WEBHOOK_EVENT_TYPES, 'heartbeat'])
        broadcaster.broadcast({ type, timestamp: START - 5, job_id: 'job_123' });
      expect(heard).toHaveLength(26);
      await harness.receiver.waitFor(12);
      await harness.advance(0);
      expect(
        world
          .payloads()
          .map(({ event_type }) => event_type)
          .sort(),
      ).toEqual([...WEBHOOK_EVENT_TYPES].sort());
      expect(logged).toEqual([]);
    },
  );

  it(
    'is not held up, and hears of what cannot be processed',
    shows('emp-job-queue', 'broadcaster'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      await world.register();
      harness.receiver.hold();
      const heard: string[] = [];
      const logged: unknown[] = [];
      const broadcaster = createPrintedBroadcaster(process(world), heard, logged);
      broadcaster.broadcast({ type: 'job.progress', progress: 1 });
      broadcaster.broadcast({ type: 'job.progress', progress: 1n });
      broadcaster.broadcast({ type: 'job.progress', progress: 2 });
      expect(heard).toHaveLength(6);
      await harness.receiver.waitFor(2);
      expect(harness.receiver.waiting).toBe(2);
      expect(logged).toEqual([
        [
          'Webhook processing failed',
          { eventType: 'job.progress', error: expect.stringContaining('BigInt') },
        ],
      ]);
      harness.receiver.release();
      await harness.advance(0);
    },
  );

  it(
    'of the example tells monitors of everything, and clients of jobs',
    shows('emp-job-queue', 'broadcaster'),
    async () => {
      await using world = await createJobQueueWorld();
      await world.register();
      const logged: string[] = [];
      const broadcaster = new EventBroadcaster(process(world), (text) => logged.push(text));
      const monitors: string[] = [];
      const clients: string[] = [];
      broadcaster.addMonitor(({ type }) => monitors.push(type));
      const remove = broadcaster.addClient(({ type }) => clients.push(type));
      for (const type of ['job.submitted', 'machine.startup', 'heartbeat']) broadcaster.broadcast({ type });
      remove();
      broadcaster.broadcast({ type: 'job.failed', error: 1n });
      await world.harness.receiver.waitFor(2);
      await world.harness.advance(0);
      expect(monitors).toEqual(['job.submitted', 'machine.startup', 'heartbeat', 'job.failed']);
      expect(clients).toEqual(['job.submitted']);
      expect(logged).toEqual([expect.stringMatching(/^Webhook processing failed: job\.failed: .*BigInt/)]);
      expect(world.harness.receiver.received).toBe(2);
    },
  );
});

/** As it is printed. */
function loadVerification(): (payload: unknown, signature: string, secret: string) => boolean {
  const code = printedBlock('emp-job-queue', 'javascript', 'function verifyWebhookSignature');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- printed code, to be run as it is
  const load = new Function('require', `${code}; return verifyWebhookSignature;`) as (
    require: (name: string) => unknown,
  ) => ReturnType<typeof loadVerification>;
  return load(() => ({ createHmac, timingSafeEqual }));
}

describe('a webhook of the job queue', () => {
  it(
    'has the printed body and headers, and its own',
    shows('emp-job-queue', 'body', 'headers', 'signature'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      const { headers } = JSON.parse(printedBlock('emp-job-queue', 'json', 'your-api-key')) as {
        headers: Record<string, string>;
      };
      await harness.createEndpoint({ id: WEBHOOK_ID, secret: 'your-secret-key', headers });
      const data = {
        job_id: 'job_123',
        job_type: 'comfyui',
        job_status: 'completed',
        result: { 10: 'ünïcode ✓', 9: null },
      };
      await harness.dispatcher.process({
        type: 'job.completed',
        event_id: EVENT_ID,
        timestamp: START - 5,
        ...data,
      });
      await harness.advance(0);
      const [request] = harness.receiver.requests;
      expect(request!.text).toBe(
        JSON.stringify({
          event_type: 'job.completed',
          event_id: EVENT_ID,
          timestamp: START,
          webhook_id: WEBHOOK_ID,
          data,
        }),
      );
      const printed = printedBlock('emp-job-queue', 'http', 'X-Webhook-Signature');
      for (const [, name, value] of printed.matchAll(/^([\w-]+): (.*)$/gm))
        expect([name, request!.headers[name!.toLowerCase()]]).toEqual([
          name,
          name === 'X-Webhook-Signature' ? expect.stringMatching(/^sha256=[0-9a-f]{64}$/) : value,
        ]);
      const names = request!.rawHeaders.map(([name]) => name);
      for (const name of ['X-Webhook-Event', 'X-Webhook-ID', 'X-Event-ID', 'X-Webhook-Signature'])
        expect(names).toContain(name);
      expect(request!.headers).toMatchObject({
        authorization: 'Bearer your-api-token',
        'x-api-key': 'your-api-key',
      });
      const signature = request!.headers['x-webhook-signature']!;
      const verify = loadVerification();
      expect(verify(request!.json(), signature, 'your-secret-key')).toBe(true);
      expect(verify(request!.json(), signature, 'another-secret-key')).toBe(false);
    },
  );

  it('is not signed without a secret', shows('emp-job-queue', 'signature'), async () => {
    await using world = await createJobQueueWorld();
    await world.register();
    await world.harness.dispatcher.process({ type: 'machine.startup', machine_id: 'prod-cluster-1' });
    await world.harness.advance(0);
    expect(world.harness.receiver.requests[0]!.headers).not.toHaveProperty('x-webhook-signature');
  });

  it(
    'says from the second attempt on which it is and when the event was, and is signed anew',
    shows('emp-job-queue', 'body', 'retries', 'signature'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      harness.receiver.reply(500, 400);
      await world.register({ secret: 'your-secret-key' });
      await harness.dispatcher.process({ type: 'job.failed', timestamp: START - 5, job_id: 'job_123' });
      await harness.advance(10_000);
      expect(world.payloads().map(({ timestamp, metadata }) => [timestamp - START, metadata])).toEqual([
        [0, undefined],
        [1_000, { retry_attempt: 1, original_timestamp: START - 5 }],
        [3_000, { retry_attempt: 2, original_timestamp: START - 5 }],
      ]);
      const verify = loadVerification();
      const signatures = harness.receiver.requests.map(({ headers }) => headers['x-webhook-signature']!);
      expect(new Set(signatures).size).toBe(3);
      for (const [index, request] of harness.receiver.requests.entries())
        expect(verify(request.json(), signatures[index]!, 'your-secret-key')).toBe(true);
      expect(new Set(world.payloads().map(({ event_id }) => event_id)).size).toBe(1);
    },
  );
});

describe('the filters of the job queue', () => {
  const printed = (text: string): object => JSON.parse(printedBlock('emp-job-queue', 'json', text)) as object;
  const job = (details: object): MonitorEvent => ({ type: 'job.completed', ...details });

  it.each([
    {
      what: 'types and priorities',
      webhook: { filters: { job_types: ['comfyui'], job_priorities: [1, 2, 3] } },
      taken: [job({ job_type: 'comfyui', job_priority: 2 })],
      left: [
        job({ job_type: 'comfyui', job_priority: 9 }),
        job({ job_type: 'a1111', job_priority: 1 }),
        job({ job_type: 'comfyui' }),
      ],
    },
    {
      what: 'the printed workflow',
      webhook: printed('workflow-step'),
      taken: [job({ job_type: 'workflow-step' })],
      left: [job({ job_type: 'comfyui' }), { type: 'job.failed', job_type: 'workflow-step' }],
    },
    {
      what: 'the printed dashboard',
      webhook: printed('prod-cluster-*'),
      taken: ['job.progress', 'machine.startup', 'worker.connected'].map((type) => ({
        type,
        machine_id: 'prod-cluster-7',
      })),
      left: [
        { type: 'job.progress', machine_id: 'dev-cluster-7' },
        { type: 'job.progress', machine_id: 'old-prod-cluster-7' },
        { type: 'machine.shutdown', machine_id: 'prod-cluster-7' },
      ],
    },
    {
      what: 'workers and further criteria',
      webhook: {
        filters: { worker_ids: ['w1'], custom_filters: { region: 'eu', tier: ['gold', 'silver'] } },
      },
      taken: [job({ worker_id: 'w1', region: 'eu', tier: 'gold' })],
      left: [
        job({ worker_id: 'w2', region: 'eu', tier: 'gold' }),
        job({ worker_id: 'w1', region: 'us', tier: 'gold' }),
        job({ worker_id: 'w1', region: 'eu', tier: 'lead' }),
      ],
    },
  ])('hold for $what', shows('emp-job-queue', 'filters'), async ({ webhook, taken, left }) => {
    await using world = await createJobQueueWorld();
    await world.register({ ...webhook, url: world.harness.receiver.url });
    for (const event of [...left, ...taken]) await world.harness.dispatcher.process(event);
    await world.harness.advance(0);
    const got = world.payloads().map(({ event_type, data }) => ({ type: event_type, ...data }));
    expect(got.map((event) => JSON.stringify(event)).sort()).toEqual(
      taken.map((event) => JSON.stringify(event)).sort(),
    );
  });
});
