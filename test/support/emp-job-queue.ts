/** The recipe of the job queue in a harness: on a manual clock, with its REST calls behind a real server, and its log. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webhookApiOptions } from '../../examples/emp-job-queue/webhook-api.ts';
import { logWebhooks } from '../../examples/emp-job-queue/webhook-log.ts';
import { webhookOptions } from '../../examples/emp-job-queue/webhooks.ts';
import { toNodeHandler } from '../../src/http/node-handler.ts';
import { createWebhookApi } from '../../src/http/webhook-api.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';

export const START = Date.parse('2024-01-14T10:30:56.789Z');

/** The body of a request to a receiver. */
export interface Payload {
  readonly event_type: string;
  readonly event_id: string;
  readonly timestamp: number;
  readonly webhook_id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface JobQueueAnswer {
  readonly status: number;
  readonly body: {
    readonly success: boolean;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
    readonly error?: { readonly code: string; readonly message: string; readonly field?: string };
  };
}

export interface JobQueueWorld extends AsyncDisposable {
  readonly harness: Harness;
  /** What was logged. */
  readonly lines: readonly string[];
  /** Bodies that the receiver got. */
  payloads(): readonly Payload[];
  /** `call('GET', '/api/webhooks')` */
  call(method: string, path: string, body?: object): Promise<JobQueueAnswer>;
  /** Registers a webhook by REST, at the receiver unless it has a URL. @returns its id */
  register(webhook?: object): Promise<string>;
}

export async function createJobQueueWorld(dispatcher: DispatcherOptions = {}): Promise<JobQueueWorld> {
  const harness = await createHarness({ startAt: START, dispatcher: { ...webhookOptions, ...dispatcher } });
  const lines: string[] = [];
  logWebhooks(harness.dispatcher, (line) => lines.push(line));
  const api = createWebhookApi(harness.dispatcher, {
    ...webhookApiOptions,
    authorize: () => ({ id: 'local', scopes: ['read', 'write', 'secrets'] }),
    clock: harness.clock,
  });
  const server = createServer(toNodeHandler(api));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call: JobQueueWorld['call'] = async (method, path, body) => {
    const response = await fetch(origin + path, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return { status: response.status, body: (await response.json()) as JobQueueAnswer['body'] };
  };
  return {
    harness,
    lines,
    payloads: () => harness.receiver.requests.map((request) => request.json() as Payload),
    call,
    async register(webhook = {}) {
      const { status, body } = await call('POST', '/api/webhooks', { url: harness.receiver.url, ...webhook });
      if (status !== 201) throw new Error(`not registered: ${JSON.stringify(body)}`);
      return body.data['id'] as string;
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await harness.close();
    },
  };
}
