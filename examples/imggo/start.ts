/** The program: `node --import tsx start.ts`. Settings come from the environment, see settings.ts. */
import { WebhookDispatcher } from 'posthorn';
import { sqlStore } from 'posthorn/sql';
import { startImgGo } from './service.ts';
import { readSettings } from './settings.ts';
import { webhookOptions } from './webhooks.ts';

async function start(): Promise<void> {
  const { databaseUrl, storeKey, ...settings } = readSettings(process.env);
  const encryption = { current: 'imggo', keys: { imggo: storeKey } };
  const webhooks = new WebhookDispatcher({ ...webhookOptions, store: sqlStore(databaseUrl, { encryption }) });
  webhooks.on('error', ({ error }) => console.error(`webhooks: ${error.message}`));
  for (const name of ['alert.raised', 'alert.cleared'] as const)
    webhooks.on(name, ({ detail }) => console.error(`${name}: ${detail}`));

  const service = await startImgGo({ ...settings, webhooks, now: Date.now });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void service.stop().then(() => process.exit(0), end));
  console.log(`listening on ${service.url}, metrics at ${service.metricsUrl}`);
}

function end(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

await start().catch(end);
