/** ImgGo with all that belongs to it, started and stopped together: its API, its metrics, and the dispatcher that sends. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookDispatcher } from 'posthorn';
import type { ApiKey, WebhookApiOptions } from 'posthorn/http';
import { ImageProcessor } from './image-processor.ts';
import { readImage } from './image-reader.ts';
import { createImgGoServer, createMetricsServer } from './server.ts';

export interface ImgGoOptions {
  readonly webhooks: WebhookDispatcher;
  readonly keys: readonly ApiKey[];
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly metricsPort: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly api?: Partial<WebhookApiOptions>;
}

export interface RunningImgGo {
  readonly url: string;
  /** On this machine alone. */
  readonly metricsUrl: string;
  readonly processor: ImageProcessor;
  /** Takes nothing more, lets jobs and requests in flight end, and leaves the rest to the next process. */
  stop(): Promise<void>;
}

/** How long a customer may go on with a request that has begun. */
const GRACE_MS = 5_000;

export async function startImgGo(options: ImgGoOptions): Promise<RunningImgGo> {
  const { webhooks, keys, host, port, metricsPort, now, api = {} } = options;
  const processor = new ImageProcessor({ webhooks, now, read: readImage });
  const server = createImgGoServer({ webhooks, processor, keys, api });
  const metrics = createMetricsServer(webhooks);
  await webhooks.start();
  return {
    url: await listen(server, host, port),
    metricsUrl: `${await listen(metrics, '127.0.0.1', metricsPort)}/metrics`,
    processor,
    async stop() {
      await Promise.all([close(server), close(metrics)]);
      await processor.idle();
      await webhooks.stop();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const { address, family, port: chosen } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`;
}

async function close(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  server.close();
  await once(server, 'close');
  clearTimeout(timer);
}
