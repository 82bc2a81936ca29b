/**
 * The story of ImgGo: webhooks are registered over REST, two of three receivers have trouble, an alert is raised, what was given up is sent
 * again. Requests are real, over TLS; time is moved by hand, so that the schedule of an hour and three quarters takes seconds. It ends with exit
 * code 0 only if everything came out as it should.
 */
import { undiciTransport } from 'posthorn';
import { createHarness } from 'posthorn/testing';
import { CERTIFICATE, Customer, HOST } from './customer.ts';
import type { JobEvent } from './jobs.ts';
import { startImgGo } from './service.ts';
import { webhookOptions } from './webhooks.ts';

const HOUR = 60 * 60_000;
const KEY = 'key-of-acme-0123456789';
const OTHER_KEY = 'key-of-globex-0123456789';
const SECRET = 'your_webhook_secret';

const harness = await createHarness({
  startAt: Date.UTC(2024, 0, 21, 10, 30),
  dispatcher: {
    ...webhookOptions,
    network: {
      ...webhookOptions.network,
      allowPrivate: ['127.0.0.0/8'], // the customer is on this machine
      lookup: (host, _options, callback) =>
        host === HOST
          ? callback(null, [{ address: '127.0.0.1', family: 4 }])
          : callback(new Error(`There is no ${host} in this story.`), []),
    },
    transport: undiciTransport({ tls: { ca: CERTIFICATE.toString() } }),
  },
});
const { dispatcher: webhooks, clock } = harness;

const problems: string[] = [];
function check(what: string, actual: unknown, expected: unknown): void {
  const isRight = JSON.stringify(actual) === JSON.stringify(expected);
  console.log(`  ${isRight ? 'ok ' : 'NOT'} ${what}: ${JSON.stringify(actual)}`);
  if (!isRight) problems.push(`${what}: expected ${JSON.stringify(expected)}`);
}

const alerts: string[] = [];
for (const name of ['alert.raised', 'alert.cleared'] as const)
  webhooks.on(name, ({ at, detail }) => {
    alerts.push(name);
    console.log(`  ${new Date(at).toISOString().slice(11, 19)} ${name}: ${detail}`);
  });

const scopes = ['read', 'write', 'secrets'] as const;
const service = await startImgGo({
  webhooks,
  keys: [
    { key: KEY, id: 'acme', tenant: 'acme', scopes },
    { key: OTHER_KEY, id: 'globex', tenant: 'globex', scopes },
  ],
  host: '127.0.0.1',
  port: 0,
  metricsPort: 0,
  now: () => clock.now(),
  api: { clock },
});

interface Answer {
  readonly status: number;
  readonly data: { readonly id: string; readonly [member: string]: unknown };
}
async function call(method: string, path: string, body?: unknown, key = KEY): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, data: ((await response.json()) as { data: Answer['data'] }).data };
}
async function submit(...images: readonly string[]): Promise<void> {
  for (const image of images)
    await call('POST', '/api/jobs', { pattern_id: 'pat_1', image_url: `https://acme.example/${image}` });
  await service.processor.idle();
}

const booked: JobEvent[] = [];
const indexed: JobEvent[] = [];
const shop = new Customer({
  secret: SECRET,
  now: () => clock.now(),
  systems: [async (event) => void booked.push(event), async (event) => void indexed.push(event)],
});
const archive = new Customer({ secret: SECRET, now: () => clock.now(), systems: [] });
await Promise.all([shop.listen(), archive.listen()]);

try {
  console.log('\nWebhooks are registered over REST, with a key, and with https alone');
  const ofShop = await call('POST', '/api/webhooks', { url: shop.url, secret: SECRET });
  check('usual events', [ofShop.status, ofShop.data['events']], [201, ['job.completed', 'job.failed']]);
  const events = ['job.completed'];
  const ofArchive = await call('POST', '/api/webhooks', { url: archive.url, events, secret: SECRET });
  check('http', (await call('POST', '/api/webhooks', { url: 'http://customer.test/' })).status, 422);
  check('no such key', (await call('GET', '/api/webhooks', undefined, 'key-of-nobody-012345')).status, 401);
  check('of another customer', (await call('GET', '/api/webhooks', undefined, OTHER_KEY)).data, []);

  console.log(
    '\nOne image is read, another is not to be had; the shop hears of both, the archive answers 202',
  );
  archive.failure = 202;
  const startedAt = clock.now();
  await submit('invoice.jpg', 'missing.jpg');
  await harness.advance(2 * HOUR);
  await shop.finishWork();
  check('booked', booked.map(({ event }) => event).sort(), ['job.completed', 'job.failed']);
  check('indexed', indexed.length, 2);
  check(
    'the archive was asked after s',
    archive.arrivals.map(({ at }) => (at - startedAt) / 1_000),
    [0, 30, 150, 750, 2_550, 6_150],
  );

  console.log(
    '\nTwenty images more, and the archive still answers 202: too little arrives, and somebody is told',
  );
  await submit(...Array.from({ length: 20 }, (_, index) => `invoice-${index}.jpg`));
  await harness.advance(2 * HOUR);
  check('alerts', alerts, ['alert.raised']);
  const stats = await call('GET', `/api/webhooks/${ofArchive.data.id}/stats`);
  check('failed', [stats.data['failed_deliveries'], stats.data['success_rate']], [21, 0]);
  const path = `/api/webhooks/${ofArchive.data.id}/deliveries?state=exhausted`;
  check('on record', ((await call('GET', path)).data as unknown as unknown[]).length, 21);

  console.log('\nThe archive is mended, and everything that was given up is sent again');
  archive.failure = undefined;
  const again = { webhook_id: ofArchive.data.id };
  check('again', (await call('POST', '/api/webhooks/queue/retry-failed', again)).data['retried'], 21);
  await harness.advance(60_000);
  check('answers', archive.arrivals.slice(-21).filter(({ status }) => status === 200).length, 21);
  check('alerts', alerts, ['alert.raised', 'alert.cleared']);
  check('in all', (await webhooks.stats()).successRate, 1);

  console.log('\nThe same for Prometheus, at /metrics of a server of its own');
  const metrics = (await (await fetch(service.metricsUrl)).text()).split('\n');
  for (const line of metrics.filter((text) =>
    /^posthorn_(deliveries_total|attempts_total|attempt_duration_seconds_count)/.test(text),
  ))
    console.log(`  ${line}`);
  const delivered = 'posthorn_attempts_total{outcome="delivered",event_type="job.completed"} 42';
  const failed = 'posthorn_attempts_total{outcome="failed",event_type="job.completed"} 126';
  check('counted', [metrics.includes(delivered), metrics.includes(failed)], [true, true]);
} finally {
  await service.stop();
  shop.close();
  archive.close();
  await harness.close();
}

for (const problem of problems) console.error(`  ${problem}`);
console.log(problems.length === 0 ? '\nWhat was given up was not lost.' : '\nSomething went wrong.');
if (problems.length > 0) process.exitCode = 1;
