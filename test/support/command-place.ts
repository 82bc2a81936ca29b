/** Where commands are tested: on a store that an application works with at the same time, and over its REST API. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerKeys, createWebhookApi, toNodeHandler } from '../../src/http/index.ts';
import { WebhookDispatcher, type DispatcherOptions } from '../../src/index.ts';
import { createReceiver, type Receiver } from '../../src/testing/index.ts';
import { type CommandLine, createCommandLine } from './command-line.ts';
import { openStore, type StoreLocation } from './open-store.ts';
import { createPlace } from './store-places.ts';

export const ALLOW_PRIVATE = ['127.0.0.0/8', '::1/128'];
export const PLACES = ['file', 'sqlite', 'postgres', 'url'] as const;
export type PlaceKind = (typeof PLACES)[number];

export interface CommandPlace extends AsyncDisposable {
  readonly cli: CommandLine;
  /** The application, which delivers. */
  readonly app: WebhookDispatcher;
  readonly receiver: Receiver;
  /** What makes the receiver's address allowed in commands; nothing over the API, where the application decides. */
  readonly allow: readonly string[];
}

const TOKEN = 'key-of-the-command-line';

export async function createCommandPlace(
  kind: PlaceKind,
  options: DispatcherOptions = {},
): Promise<CommandPlace> {
  const place = await createPlace(kind === 'url' ? 'file' : kind);
  // Both name the schema in the same way, as an application and its commands do.
  const location = withSchemaInUrl(place.location);
  const receiver = await createReceiver();
  const app = new WebhookDispatcher({
    store: openStore(location),
    network: { allowPrivate: ALLOW_PRIVATE },
    pollIntervalMs: 50,
    ...options,
  });
  await app.start();
  const api = kind === 'url' ? await serveApi(app) : undefined;
  const common =
    api === undefined ? ['--store', storeArgument(location)] : ['--url', api.url, '--token', TOKEN];
  return {
    cli: await createCommandLine(common),
    app,
    receiver,
    allow: api === undefined ? ['--allow-private', ...ALLOW_PRIVATE] : [],
    async [Symbol.asyncDispose]() {
      await api?.close();
      await app.stop();
      await receiver.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

function storeArgument({ kind, url }: StoreLocation): string {
  return kind === 'sqlite' ? `sqlite:${url}` : url;
}

function withSchemaInUrl({ kind, url, schema }: StoreLocation): StoreLocation {
  if (schema === undefined) return { kind, url, schema };
  const withSchema = new URL(url);
  withSchema.searchParams.set('options', `-c search_path=${schema}`);
  return { kind, url: withSchema.href, schema: undefined };
}

async function serveApi(app: WebhookDispatcher): Promise<{ url: string; close(): Promise<void> }> {
  const authorize = bearerKeys([{ key: TOKEN, id: 'test', scopes: ['read', 'write', 'secrets'] }]);
  const server = createServer(toNodeHandler(createWebhookApi(app, { authorize })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
