/** What the print service prints for its users, as printed: the routes, the verification, the submission, the curl line. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import type { PrintJob } from '../../examples/print-service/job.ts';
import { JobBook } from '../../examples/print-service/job-book.ts';
import { PrintService } from '../../examples/print-service/print-service.ts';
import { createPrintServer } from '../../examples/print-service/server.ts';
import { createAnnouncer, webhookOptions } from '../../examples/print-service/webhooks.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { readCurlLines } from '../support/curl-lines.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import type { ProgramServer } from '../support/program-server.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const SECRET = 'a-webhook-secret-of-the-frontend';

const ROUTES = printedBlock('print-service', 'javascript', 'export default async function handler');
const VERIFICATION = printedBlock('print-service', 'javascript', 'function verifyWebhookSignature');
/** The block has a function, and what belongs into a handler of the reader: `return` stands outside of any function. */
const [FUNCTION = '', IN_HANDLER = ''] = VERIFICATION.split(/^(?=\/\/ In your webhook handler$)/m);

/** What Next.js does around the routes: it parses bodies for one kind, and gives web-standard requests to the other. */
const BEFORE = `import { createRequire } from 'node:module';
const express = createRequire(import.meta.url)('express');
`;
const AFTER = `const app = express();
app.all('/pages', express.json(), handler);
app.all('/app', express.text({ type: '*/*' }), async (req, res) => {
  const { method, headers, body } = req;
  const answer = await POST(new Request('http://app.example/', { method, headers, body }));
  res.status(answer.status).type('json').send(await answer.text());
});
app.post('/verified', express.json(), (req, res) => {
  ${IN_HANDLER}
  return handler(req, res);
});
app.listen(3000);
`;

const startRoutes = (): Promise<ProgramServer> =>
  startPrinted({
    language: 'module',
    before: BEFORE,
    printed: `${ROUTES}\n${FUNCTION}`,
    after: AFTER,
    env: { WEBHOOK_SECRET: SECRET },
  });

/** A job of which parts may look different once they were parsed and written again. */
const JOB: PrintJob = {
  id: '550e8400-e29b-41d4-a716-446655440000',
  status: 'printing',
  filename: 'modèle "α"\\ \u2028 😀 </script>.stl',
  storage_path: 'uploads/1e21',
  gcode_path: '/path/to/output.gcode',
  error_message: null,
  created_at: '2025-01-15T10:25:00.000Z',
  updated_at: '2025-01-15T10:30:00.000Z',
  slicing_started_at: '2025-01-15T10:28:00.000Z',
  printing_started_at: '2025-01-15T10:30:00.000Z',
  webhook_url: null,
  previous_status: 'uploading',
};

/** Sends the job to the printed program; what became of it. */
async function send(harness: Harness, url: string, secret?: string): Promise<unknown[]> {
  void createAnnouncer(harness.dispatcher, { log: () => {}, secret })(
    { ...JOB, webhook_url: url },
    'uploading',
  );
  await harness.dispatcher.drain();
  const { items } = await harness.dispatcher.deliveries.list();
  const { state, attemptLog } = await harness.dispatcher.deliveries.get(items[0]!.id);
  return [state, attemptLog.at(-1)?.response?.status, attemptLog.at(-1)?.response?.body];
}

describe('the printed routes for Next.js', { timeout: 30_000 }, () => {
  it.each(['/pages', '/app'])(
    'accept what is sent (%s)',
    shows('print-service', 'receivers'),
    async (path) => {
      await using server = await startRoutes();
      await using harness = await createHarness({ dispatcher: webhookOptions });
      expect(await send(harness, `${server.origin}${path}`)).toEqual(['succeeded', 200, '{"received":true}']);
      await vi.waitUntil(() => server.output().includes(`Webhook received: Job ${JOB.id} `));
    },
  );

  it('accept the printed curl line', shows('print-service', 'receivers', 'body', 'headers'), async () => {
    await using server = await startRoutes();
    const [{ url, ...line }] = readCurlLines('print-service') as [ReturnType<typeof readCurlLines>[0]];
    expect(new URL(url).pathname).toBe('/api/webhooks/print-status');
    for (const path of ['/pages', '/app']) {
      const { method, headers, body } = line;
      const response = await fetch(`${server.origin}${path}`, { method, headers, body: body! });
      expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    }
  });

  it('refuse other events', shows('print-service', 'receivers'), async () => {
    await using server = await startRoutes();
    for (const path of ['/pages', '/app']) {
      const response = await fetch(`${server.origin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"event":"something_else"}',
      });
      expect([response.status, await response.json()]).toEqual([400, { error: 'Invalid event type' }]);
    }
  });
});

describe('the printed verification', { timeout: 30_000 }, () => {
  it('is no program as a whole: its second half returns outside of a function', () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-printed-'));
    const check = (
      name: string,
      code: string,
    ): { readonly status: number | null; readonly stderr: string } => {
      writeFileSync(join(folder, name), code);
      return spawnSync(process.execPath, ['--check', join(folder, name)], { encoding: 'utf8' });
    };
    try {
      for (const name of ['module.mjs', 'script.cjs']) expect(check(name, VERIFICATION).status).not.toBe(0);
      expect(check('module.mjs', VERIFICATION).stderr).toContain('Illegal return statement');
      expect(check('function.mjs', FUNCTION).status).toBe(0);
      expect(IN_HANDLER).toMatch(/^\/\/ In your webhook handler\n/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it(
    'accepts what is signed, and what it serialises again is what was sent',
    shows('print-service', 'signature', 'body'),
    async () => {
      await using server = await startRoutes();
      await using harness = await createHarness({ dispatcher: webhookOptions });
      const url = `${server.origin}/verified`;
      expect(await send(harness, url, SECRET)).toEqual(['succeeded', 200, '{"received":true}']);
    },
  );

  it('refuses another secret, at the first attempt', shows('print-service', 'signature'), async () => {
    await using server = await startRoutes();
    await using harness = await createHarness({ dispatcher: webhookOptions });
    const answer = await send(harness, `${server.origin}/verified`, `${SECRET}?`);
    expect(answer).toEqual(['exhausted', 401, '{"error":"Invalid signature"}']);
  });

  it('throws where there is no signature, and where it is of another length', async () => {
    await using server = await startRoutes();
    for (const headers of [{}, { 'x-print-service-signature': 'abc' }]) {
      const response = await fetch(`${server.origin}/verified`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"event":"job_status_update"}',
      });
      expect(response.status).toBe(500);
    }
  });
});

describe('the printed submission', { timeout: 30_000 }, () => {
  it(
    'hands in a job with its URL, which hears of each step',
    shows('print-service', 'destination'),
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-print-'));
      await using harness = await createHarness({ dispatcher: webhookOptions });
      const announce = createAnnouncer(harness.dispatcher, { log: () => {} });
      const service = new PrintService({ book: new JobBook(folder), announce, work: async () => {} });
      const server = createPrintServer(service).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        const code = printedBlock('print-service', 'javascript', 'async function submitPrintJob');
        // In a browser the path is enough, and the variable is filled in when the page is built.
        const submit = runInNewContext(`${code}\nsubmitPrintJob`, {
          process: { env: { NEXT_PUBLIC_APP_URL: harness.receiver.url.slice(0, -1) } },
          fetch: (path: string, init: RequestInit) => fetch(`${origin}${path}`, init),
        }) as (...args: readonly string[]) => Promise<unknown>;
        expect(await submit('a', 'uploads/a.stl', 'a.stl')).toEqual({ success: true, job_id: 'a' });
        await service.idle();
        await harness.advance(0);
        const told = harness.receiver.requests.map((request) => [
          request.path,
          (request.json() as { status: string }).status,
        ]);
        const statuses = ['downloading', 'slicing', 'uploading', 'printing', 'complete'];
        expect(told).toEqual(statuses.map((status) => ['/api/webhooks/print-status', status]));
        const shown = (await (await fetch(`${origin}/api/jobs/a`)).json()) as PrintJob;
        expect(shown).toMatchObject({ id: 'a', status: 'complete' });
      } finally {
        server.close();
        server.closeAllConnections();
        rmSync(folder, { recursive: true });
      }
    },
  );
});
