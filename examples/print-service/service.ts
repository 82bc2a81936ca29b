/**
 * The process of the service: `node --import tsx service.ts FOLDER`. What is kept lies in FOLDER; settings come from the environment.
 * Log lines go to its output. A parent process is told the origin of the API, and may ask it to stop.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebhookDispatcher } from 'posthorn';
import { fileStore } from 'posthorn/file';
import { claimFolder } from './claim-folder.ts';
import { JobBook } from './job-book.ts';
import { PrintService } from './print-service.ts';
import { createPrintServer } from './server.ts';
import { createAnnouncer, webhookOptions } from './webhooks.ts';

const folder = process.argv[2] ?? './print-service';
const { STORE_KEY = '', WEBHOOK_SECRET, ALLOW_PRIVATE, RETRY_DELAY_MS, STAGE_MS = '50' } = process.env;

const owner = claimFolder(folder);
if (owner !== undefined) {
  console.error(
    `${folder} is in use by process ${owner}. If that is another program, delete ${folder}/owner.pid.`,
  );
  process.exit(1);
}

const webhooks = new WebhookDispatcher({
  ...webhookOptions,
  store: fileStore(join(folder, 'webhooks'), {
    encryption: { current: 'service', keys: { service: STORE_KEY } },
  }),
  ...(ALLOW_PRIVATE === undefined ? {} : { network: { allowPrivate: ALLOW_PRIVATE.split(' ') } }),
  ...(RETRY_DELAY_MS === undefined
    ? {}
    : { retry: { ...webhookOptions.retry, initialDelayMs: Number(RETRY_DELAY_MS) } }),
});

const service = new PrintService({
  book: new JobBook(folder),
  announce: createAnnouncer(webhooks, { log: console.log, secret: WEBHOOK_SECRET }),
  // In place of a slicer and a printer.
  work: async ({ filename, status }) => {
    await delay(Number(STAGE_MS));
    if (status === 'slicing' && filename.startsWith('broken')) throw new Error(`${filename} is no model`);
  },
});

const server = createPrintServer(service).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
await once(server, 'listening');
await webhooks.start();
service.resume();
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
if (process.send === undefined) console.log(`listening on ${origin}`);
else process.send(origin);

async function stop(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await service.idle();
  await webhooks.drain();
  await webhooks.stop();
  process.exit();
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
process.once('message', () => void stop());
// The parent is gone.
process.once('disconnect', () => process.exit());
