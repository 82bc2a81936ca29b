/**
 * The story of the print service: jobs that bring the URL that wants to hear of them, a frontend that is down for a while, a service that
 * is killed, a URL that was wrong. It ends with exit code 0 only if everything came out as it should.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebhookDispatcher } from 'posthorn';
import { fileStore } from 'posthorn/file';
import { Frontend } from './frontend.ts';
import { ServiceProcess } from './service-process.ts';
import { webhookOptions } from './webhooks.ts';

const folder = mkdtempSync(join(tmpdir(), 'print-service-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const limit = AbortSignal.timeout(30_000);
const secret = randomBytes(16).toString('hex');
const storeKey = randomBytes(32).toString('base64');
const env = {
  STORE_KEY: storeKey,
  WEBHOOK_SECRET: secret,
  ALLOW_PRIVATE: '127.0.0.0/8', // the frontend is on this machine
  RETRY_DELAY_MS: '100', // the service itself waits for a second
};
const ALL = ['downloading', 'slicing', 'uploading', 'printing', 'complete'];
const FAILED = ['downloading', 'slicing', 'failed'];
const LATE_PATH = '/api/webhooks/not-deployed-yet';

const problems: string[] = [];
function check(what: string, actual: unknown, expected: unknown): void {
  const isRight = JSON.stringify(actual) === JSON.stringify(expected);
  console.log(`  ${isRight ? 'ok ' : 'NOT'} ${what}: ${JSON.stringify(actual)}`);
  if (!isRight) problems.push(`${what}: expected ${JSON.stringify(expected)}`);
}

const frontend = new Frontend(secret);
await frontend.listen();
const hook = frontend.urlOf('/api/webhooks/print-status');
const hasEnded = (job: string) => (): boolean =>
  ['complete', 'failed'].includes(frontend.statusesOf(job).at(-1) ?? '');
const inputOf = (job_id: string, webhook_url: string, filename = `${job_id}.stl`) => ({
  job_id,
  filename,
  storage_path: `uploads/${filename}`,
  webhook_url,
});

let service = await ServiceProcess.start(folder, env);
try {
  console.log('\nA job brings its URL, and the frontend hears of each step');
  await service.submit(inputOf('cube', hook));
  await frontend.until(hasEnded('cube'), limit);
  check('cube', frontend.statusesOf('cube'), ALL);

  console.log('\nA job that fails says so');
  await service.submit(inputOf('vase', hook, 'broken-vase.stl'));
  await frontend.until(hasEnded('vase'), limit);
  check('vase', frontend.statusesOf('vase'), FAILED);
  check('its error', (await service.job('vase')).error_message, 'broken-vase.stl is no model');

  console.log('\nThe frontend is down, and the service is killed (SIGKILL); both come back');
  frontend.isDown = true;
  await service.submit(inputOf('boat', hook));
  await frontend.until(() => frontend.refused > 0, limit);
  await service.kill();
  check('boat, so far', frontend.statusesOf('boat'), []);
  frontend.isDown = false;
  service = await ServiceProcess.start(folder, env);
  await frontend.until(hasEnded('boat'), limit);
  check('boat', frontend.statusesOf('boat'), ALL);

  console.log('\nA URL that is answered with 404, and one in a private network: the jobs do not notice');
  await service.submit(inputOf('ring', frontend.urlOf(LATE_PATH)));
  await service.submit(inputOf('gear', 'http://10.0.0.7/hooks'));
  await service.hasPrinted('⚠️  Webhook notification failed for job ring', ALL.length, limit);
  check('ring', (await service.job('ring')).status, 'complete');
  check('heard of ring', frontend.statusesOf('ring'), []);

  console.log(
    '\nThe route is deployed, and what failed is sent again, from another process on the same folder',
  );
  frontend.deploy(LATE_PATH);
  const operator = new WebhookDispatcher({
    ...webhookOptions,
    store: fileStore(join(folder, 'webhooks'), {
      encryption: { current: 'service', keys: { service: storeKey } },
    }),
    network: { allowPrivate: ['127.0.0.0/8'] },
    deliver: false,
  });
  const { retried } = await operator.replay({ states: ['exhausted'] });
  await operator.stop();
  check('sent again', retried, ALL.length);
  await frontend.until(hasEnded('ring'), limit);
  check('ring', frontend.statusesOf('ring'), ALL);

  console.log('\nThe service finishes what it has, and is stopped; nobody has heard of anything twice');
  await service.stop();
  for (const [job, statuses] of [
    ['cube', ALL],
    ['vase', FAILED],
    ['boat', ALL],
    ['ring', ALL],
    ['gear', []],
  ] as const)
    check(`${job}, in all`, frontend.statusesOf(job), statuses);
} finally {
  await service.stop();
  frontend.close();
}

console.log('\nThe log of the service since it was started again');
for (const line of [...new Set(service.lines)]) console.log(`  ${line}`);
for (const line of [
  '✅ Webhook notification sent for job boat',
  '⚠️  Webhook notification failed for job ring',
  '❌ Webhook error for job gear',
])
  if (!service.lines.includes(line)) problems.push(`the log has no line ${line}`);

for (const problem of problems) console.error(`  ${problem}`);
console.log(
  problems.length === 0 ? '\nNothing was lost, and no job was held up.' : '\nSomething went wrong.',
);
if (problems.length > 0) process.exitCode = 1;
