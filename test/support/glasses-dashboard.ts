/** The dashboard of the document: its recipe, in a folder of its own, with the receiver of the test kit. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { webhookOptions } from '../../examples/glasses-dashboard/webhooks.mjs';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import type { ProgramServer } from './program-server.ts';

/** The match that the document prints. */
export const MATCH = {
  best_model: 'ray_ban_glasses.glb',
  confidence: 0.87,
  source_image: 'ray_ban_glasses.jpg',
  model_url: 'https://jigu.s3.eu-west-1.wasabisys.com/ray_ban_glasses.glb?...',
  timestamp: '2025-11-30T14:30:45.123Z',
  images_count: 3,
};
export const PRINTED_AT: number = Date.parse('2025-11-30T14:30:45.123Z');

/** Of the webhook that the document prints. */
export const WEBHOOK_ID = '1701234567890';

export interface ConfiguredWebhook {
  [member: string]: unknown;
  id?: string;
}

export interface WebhookConfig {
  enabled?: boolean;
  endpoints: ConfiguredWebhook[];
  [member: string]: unknown;
}

export interface Dashboard extends Harness {
  /** `webhook_config.json` and the rest. */
  readonly folder: string;
  config(): WebhookConfig;
  /** Saves the file, as an editor does. */
  save(config: WebhookConfig | string): void;
  edit(change: (config: WebhookConfig) => void): void;
}

export interface DashboardOptions {
  readonly startAt?: number;
  /** What stands in the file at first. */
  readonly config?: (receiverUrl: string) => WebhookConfig | string;
  /** It prints what the recipe wants printed. Default false: that is not for those who run tests. */
  readonly isLoud?: boolean;
  /** Instead of what the recipe says. */
  readonly dispatcher?: DispatcherOptions;
}

/** Time stands still in it. */
export async function createDashboard({
  startAt = PRINTED_AT,
  config,
  isLoud = false,
  dispatcher,
}: DashboardOptions = {}): Promise<Dashboard> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-dashboard-'));
  const path = join(folder, 'webhook_config.json');
  const recipe = webhookOptions(folder);
  const harness = await createHarness({
    startAt,
    dispatcher: {
      ...recipe,
      network: { allowPrivate: ['127.0.0.0/8'] },
      ...(isLoud ? {} : { logger: undefined }),
      ...dispatcher,
    },
  });
  const read = (): WebhookConfig => JSON.parse(readFileSync(path, 'utf8')) as WebhookConfig;
  const save = (content: WebhookConfig | string): void =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  if (config !== undefined) save(config(harness.receiver.url));
  await harness.dispatcher.start();
  const close = async (): Promise<void> => {
    await harness.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...harness,
    folder,
    config: read,
    save,
    edit(change) {
      const content = read();
      change(content);
      save(content);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A file with one endpoint for everything that is named. */
export const oneWebhook =
  (members: ConfiguredWebhook = {}) =>
  (url: string): WebhookConfig => ({
    enabled: true,
    endpoints: [{ id: WEBHOOK_ID, name: 'My App', url, events: ['match'], enabled: true, ...members }],
  });

/** A webhook at a printed receiver, with what the file is to say besides. */
export async function dashboardFor(
  server: ProgramServer,
  members: ConfiguredWebhook = {},
): Promise<Dashboard> {
  return createDashboard({
    config: () =>
      oneWebhook({ events: ['match', 'upload', 'rebuild', 'test'], ...members })(
        `${server.origin}/api/webhook`,
      ),
  });
}

/** States, statuses and answers, in the order in which it was emitted. */
export async function outcomesOf(dashboard: Dashboard): Promise<readonly unknown[]> {
  const deliveries = await dashboard.deliveriesTo(WEBHOOK_ID);
  return deliveries.map(({ state, attemptLog }) => {
    const { response, reason } = attemptLog.at(-1)!;
    return [state, response?.status ?? reason, response?.body];
  });
}
