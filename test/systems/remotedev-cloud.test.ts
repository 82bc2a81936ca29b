/** RemoteDevAI cloud, by the recipe of its example: users own their webhooks; signed over time and body. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { catalog, type EventType, WEBHOOK_EVENTS } from '../../examples/remotedev-cloud/events.ts';
import { readSettings } from '../../examples/remotedev-cloud/settings.ts';
import { createRecipe, LOCAL } from '../support/cloud.ts';
import { importProgram } from '../support/guide-program.ts';
import { printedBlock, readDocument } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const EVENT_TYPES = Object.keys(catalog.definitions) as EventType[];

/** `WEBHOOK_WORKER_CONCURRENCY=10`, and what else the document has in its `.env`. */
function printedEnvironment(): Record<string, string> {
  const block = printedBlock('remotedev-cloud', 'bash', 'WEBHOOK_RATE_LIMIT');
  return Object.fromEntries(
    [...block.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!] as const),
  );
}

describe('the environment of RemoteDevAI', () => {
  it('is read as it is printed', shows('remotedev-cloud', 'environment'), () => {
    const printed = printedEnvironment();
    expect(Object.keys(printed)).toEqual(
      expect.arrayContaining(['REDIS_HOST', 'WEBHOOK_WORKER_CONCURRENCY', 'WEBHOOK_RATE_LIMIT']),
    );
    const settings = readSettings({ DATABASE_URL: 'postgres://localhost/cloud', ...printed });
    expect(settings).toMatchObject({ concurrency: 10, rateLimit: 100, port: 3001 });
    expect(readSettings({ DATABASE_URL: 'postgres://localhost/cloud' })).toEqual(settings);
  });

  it.each([
    [{}, 'DATABASE_URL: expected the URL of a PostgreSQL database.'],
    [
      { WEBHOOK_WORKER_CONCURRENCY: '0' },
      'WEBHOOK_WORKER_CONCURRENCY: expected a whole number of at least 1',
    ],
    [{ WEBHOOK_RATE_LIMIT: 'fast' }, 'WEBHOOK_RATE_LIMIT: expected a whole number of at least 1, got "fast"'],
  ])('is refused by name: %j', (environment, message) => {
    const all = Object.keys(environment).length === 0 ? {} : { DATABASE_URL: 'postgres://localhost/cloud' };
    expect(() => readSettings({ ...all, ...environment })).toThrow(message);
  });

  it(
    'bounds the requests at a time, over all webhooks',
    shows('remotedev-cloud', 'environment'),
    async () => {
      await using cloud = await createRecipe({ WEBHOOK_WORKER_CONCURRENCY: '3' });
      cloud.receiver.hold();
      for (const path of ['/one', '/two'])
        await cloud.createEndpoint({ url: cloud.receiver.urlOf(path), tenant: 'user-1' });
      for (let n = 0; n < 5; n += 1)
        await cloud.triggerEvent({ eventType: 'session.message', userId: 'user-1', data: { n } });
      await cloud.receiver.waitFor(3);
      await cloud.advance(0);
      expect(cloud.receiver.waiting).toBe(3);
      expect((await cloud.dispatcher.health()).inFlight).toBe(3);
      cloud.receiver.release();
      await cloud.advance(0);
      expect(cloud.receiver.received).toBe(10);
    },
  );

  it('bounds the requests in a second', shows('remotedev-cloud', 'environment'), async () => {
    await using cloud = await createRecipe(printedEnvironment());
    await cloud.createEndpoint({ tenant: 'user-1' });
    for (let n = 0; n < 150; n += 1)
      await cloud.triggerEvent({ eventType: 'session.message', userId: 'user-1', data: { n } });
    await cloud.advance(0);
    expect(cloud.receiver.received).toBe(100);
    await cloud.advance(1_000);
    expect(cloud.receiver.received).toBe(150);
  });
});

describe('events of RemoteDevAI', () => {
  it('are those that the document prints', shows('remotedev-cloud', 'tenants'), () => {
    const [, reference = ''] = readDocument('remotedev-cloud').split('## Available Events Reference');
    const printed = [...reference.matchAll(/^- `([\w.]+)` - /gm)].map(([, type]) => type!);
    expect(EVENT_TYPES).toEqual(printed);
    expect(printed).toHaveLength(23);
    expect(new Set(printed.map((type) => type.split('.')[0])).size).toBe(8);
    expect(Object.values(WEBHOOK_EVENTS)).toEqual(printed);
    expect(WEBHOOK_EVENTS.AGENT_STATUS_CHANGED).toBe('agent.status_changed');
  });

  it('go to the webhooks of their user alone, all types', shows('remotedev-cloud', 'tenants'), async () => {
    await using cloud = await createRecipe();
    for (const user of ['user-1', 'user-2'])
      await cloud.createEndpoint({ url: cloud.receiver.urlOf(`/${user}`), tenant: user });
    const data = { id: '1', name: 'one' };
    for (const eventType of EVENT_TYPES) await cloud.triggerEvent({ eventType, userId: 'user-1', data });
    await cloud.advance(0);
    expect(new Set(cloud.receiver.requests.map(({ path }) => path))).toEqual(new Set(['/user-1']));
    const types = cloud.receiver.requests.map((request) => (request.json() as { type: string }).type);
    expect(types.sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('are triggered by the printed code of the service', shows('remotedev-cloud', 'tenants'), async () => {
    const printed = printedBlock('remotedev-cloud', 'typescript', 'WebhookService.triggerEvent');
    const names = 'prisma, data, userId, WebhookService, WEBHOOK_EVENTS, console';
    const program = (await importProgram(`export async function run({ ${names} }) {\n${printed}\n}`)) as {
      run(parts: Readonly<Record<string, unknown>>): Promise<void>;
    };
    await using cloud = await createRecipe();
    await cloud.createEndpoint({ tenant: 'user-1', events: ['project.created'] });
    const createdAt = new Date(START);
    const errors: unknown[][] = [];
    const parts = {
      prisma: {
        project: { create: async ({ data }: { data: object }) => ({ id: 'p1', createdAt, ...data }) },
      },
      userId: 'user-1',
      WebhookService: { triggerEvent: cloud.triggerEvent },
      WEBHOOK_EVENTS,
      console: { error: (...line: unknown[]) => void errors.push(line) },
    };
    await program.run({ ...parts, data: { name: 'Test Project', secretNote: 'not sent' } });
    await cloud.advance(0);
    expect(cloud.receiver.requests.map((request) => request.json())).toMatchObject([
      {
        type: 'project.created',
        data: { id: 'p1', name: 'Test Project', createdAt: createdAt.toISOString() },
      },
    ]);
    expect(errors).toEqual([]);
    await program.run({ ...parts, data: { name: 42 } });
    await expect
      .poll(() => errors, { timeout: 5_000 })
      .toEqual([['Webhook failed:', expect.objectContaining({ code: 'invalid_payload' })]]);
  });

  it('of an unknown type are refused, in both places', shows('remotedev-cloud', 'tenants'), async () => {
    await using cloud = await createRecipe();
    const unknown = { eventType: 'project.renamed' as EventType, userId: 'user-1', data: {} };
    await expect(cloud.triggerEvent(unknown as never)).rejects.toThrow(/"project\.\w+"/);
    await expect(cloud.createEndpoint({ events: ['project.creatd' as EventType] })).rejects.toThrow(
      /project\.created/,
    );
  });
});

describe('requests of RemoteDevAI', () => {
  it('have id, type, time and data in their body', shows('remotedev-cloud', 'body'), async () => {
    await using cloud = await createRecipe({}, START);
    await cloud.createEndpoint({ tenant: 'user-1' });
    const data = { id: 'p1', name: 'Ünïcode "project"', createdAt: new Date(START) };
    const { id } = await cloud.triggerEvent({ eventType: 'project.created', userId: 'user-1', data });
    await cloud.advance(0);
    const [request] = cloud.receiver.requests;
    expect(request!.text).toBe(
      JSON.stringify({ id, type: 'project.created', timestamp: new Date(START).toISOString(), data }),
    );
    expect(request!.headers['content-type']).toBe('application/json');
  });

  it(
    'are signed over time and body, afresh on each attempt',
    shows('remotedev-cloud', 'signature'),
    async () => {
      await using cloud = await createRecipe({ WEBHOOK_RETRY_DELAYS_MS: `${2 * HOUR},${5 * HOUR}` }, START);
      cloud.receiver.reply(500, 500);
      const { secret } = await cloud.createEndpoint({ tenant: 'user-1' });
      await cloud.triggerEvent({ eventType: 'user.created', userId: 'user-1', data: { id: 1 } });
      await cloud.advance(7 * HOUR);
      const { requests } = cloud.receiver;
      const seconds = [0, 2 * HOUR, 7 * HOUR].map((ms) => String((START + ms) / 1000));
      expect(requests.map(({ headers }) => headers['x-webhook-timestamp'])).toEqual(seconds);
      expect(requests.map(({ headers }) => headers['x-webhook-signature'])).toEqual(
        requests.map(({ body }, index) =>
          createHmac('sha256', secret!).update(`${seconds[index]}.`).update(body).digest('hex'),
        ),
      );
      expect(new Set(requests.map(({ text }) => text)).size).toBe(1);
    },
  );

  it('may take 30 seconds', shows('remotedev-cloud', 'time-limit'), async () => {
    await using cloud = await createRecipe();
    cloud.receiver.hold();
    const { id } = await cloud.createEndpoint({ tenant: 'user-1' });
    await cloud.triggerEvent({ eventType: 'user.created', userId: 'user-1', data: {} });
    await cloud.advance(29_900);
    expect(await cloud.deliveriesTo(id)).toMatchObject([{ state: 'sending' }]);
    await cloud.advance(1_000);
    expect(await cloud.deliveriesTo(id)).toMatchObject([
      { state: 'scheduled', attemptLog: [{ outcome: 'endpoint_failed', reason: 'timeout' }] },
    ]);
  });
});

describe('secrets of RemoteDevAI', () => {
  it('are made and returned on creation, and never again', shows('remotedev-cloud', 'secret'), async () => {
    await using cloud = await createRecipe(LOCAL);
    const { id, secret } = await cloud.createEndpoint({ tenant: 'user-1' });
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const { endpoints } = cloud.dispatcher;
    expect(JSON.stringify([await endpoints.list(), await endpoints.get(id)])).not.toContain(secret);
    const other = await cloud.createEndpoint({ tenant: 'user-1' });
    expect(other.secret).not.toBe(secret);
  });
});
