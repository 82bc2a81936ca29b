/**
 * One API instance: a process of its own, any number of which share a database. The environment says everything:
 *
 * - `DATABASE_URL`: PostgreSQL; `DATABASE_SCHEMA`: where the tables of webhooks are made
 * - `STORE_KEY`: 32 bytes as base64, which secrets of webhooks are encrypted with
 * - `MACHINE_ID`: the name of its machine; `PORT`: default any free one
 * - `ALLOW_PRIVATE`: address ranges of your own network that webhooks may go to, `127.0.0.0/8`
 * - `LEASE_MS`: how long it takes until others take over from an instance that was killed; default a minute
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookDispatcher } from 'posthorn';
import { collectMetrics } from 'posthorn/prometheus';
import { sqlStore } from 'posthorn/sql';
import { Registry } from 'prom-client';
import { EventBroadcaster } from './event-broadcaster.ts';
import { EventBus } from './event-bus.ts';
import { createInstanceApi } from './instance-api.ts';
import { JobQueue } from './job-queue.ts';
import { logWebhooks } from './webhook-log.ts';
import { type MonitorEvent, webhookOptions } from './webhooks.ts';
import { WORK } from './work.ts';

const {
  DATABASE_URL = '',
  DATABASE_SCHEMA = 'public',
  STORE_KEY = '',
  MACHINE_ID = 'machine-1',
} = process.env;
const { PORT = '0', ALLOW_PRIVATE, LEASE_MS } = process.env;

// Whoever started it has died, now or while this was loaded.
process.once('disconnect', () => process.exit());
if (process.connected === false) process.exit();

const write = (line: string): void => console.log(line);
const logError = (text: string): void => write(`[${new Date().toISOString()}] ERROR: ${text}`);

const dispatcher = new WebhookDispatcher({
  ...webhookOptions,
  store: sqlStore(DATABASE_URL, {
    schema: DATABASE_SCHEMA,
    encryption: { current: 'emp', keys: { emp: STORE_KEY } },
  }),
  network: { allowPrivate: ALLOW_PRIVATE?.split(',') },
  leaseMs: LEASE_MS === undefined ? undefined : Number(LEASE_MS),
});
logWebhooks(dispatcher, write);
const registry = new Registry();
collectMetrics(dispatcher, { registry });

const broadcaster = new EventBroadcaster({ processEvent: dispatcher.process }, logError);
const bus = await EventBus.open({
  databaseUrl: DATABASE_URL,
  channel: `emp_events_${DATABASE_SCHEMA}`,
  instanceId: `${MACHINE_ID}-${process.pid}`,
  onEvent: (event) => broadcaster.broadcast(event),
  logError,
});
const queue = new JobQueue({
  machineId: MACHINE_ID,
  work: WORK,
  publish: (type, details) => {
    const event_id = `evt_${Date.now()}_${randomBytes(6).toString('hex')}`;
    const event: MonitorEvent = { ...details, type, event_id, timestamp: Date.now() };
    broadcaster.broadcast(event);
    bus.publish(event);
  },
});

await dispatcher.start();
const server = createServer(createInstanceApi({ dispatcher, broadcaster, bus, queue, registry, logError }));
server.listen(Number(PORT), '127.0.0.1', () => {
  queue.start();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (process.send === undefined) write(`listening on ${origin}`);
  else process.send({ origin });
});

async function stop(): Promise<void> {
  server.close();
  await queue.stop();
  await bus.close();
  await dispatcher.stop();
  process.exit();
}

process.once('SIGTERM', () => void stop());
