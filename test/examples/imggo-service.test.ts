/** The service of examples/imggo by itself: what it refuses, and its program from start to end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startImgGo } from '../../examples/imggo/service.ts';
import { readSettings } from '../../examples/imggo/settings.ts';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';
import { LOOPBACK } from '../support/world.ts';

const KEY = 'key-of-acme-0123456789';
const READ_KEY = 'key-of-a-reader-0123456789';
const JOB = { pattern_id: 'pat_1', image_url: 'https://a.example/invoice.jpg' };
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

async function setup() {
  const harness = await createHarness({ dispatcher: { ...webhookOptions, network: LOOPBACK } });
  const { dispatcher: webhooks, clock } = harness;
  const service = await startImgGo({
    webhooks,
    keys: [
      { key: KEY, id: 'acme', tenant: 'acme', scopes: ['read', 'write', 'secrets'] },
      { key: READ_KEY, id: 'reader', tenant: 'acme', scopes: ['read'] },
    ],
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    now: () => clock.now(),
    api: { clock },
  });
  return {
    harness,
    service,
    submit: (body: string, key = KEY): Promise<Response> =>
      fetch(`${service.url}/api/jobs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body,
      }),
    async [Symbol.asyncDispose]() {
      await service.stop();
      await harness.close();
    },
  };
}

describe('the service of ImgGo', () => {
  it('refuses what is no job, says why, and makes none of it', async () => {
    await using world = await setup();
    await world.harness.createEndpoint({ tenant: 'acme', events: ['job.*'] });
    const cases: readonly (readonly [body: string, status: number, said: RegExp])[] = [
      ['', 400, /not JSON/],
      ['{', 400, /not JSON/],
      ['null', 400, /Expected Object but received null/],
      ['[]', 422, /pattern_id/],
      [JSON.stringify({ ...JOB, pattern_id: 7 }), 422, /^pattern_id: /],
      [JSON.stringify({ ...JOB, pattern_id: 'p'.repeat(201) }), 422, /^pattern_id: /],
      [JSON.stringify({ pattern_id: 'pat_1' }), 422, /^image_url: /],
      [JSON.stringify({ ...JOB, image_url: 'file:///etc/passwd' }), 422, /^image_url: /],
      [JSON.stringify({ ...JOB, more: 'x'.repeat(1_000_000) }), 413, /16384 bytes/],
    ];
    for (const [body, status, said] of cases) {
      const response = await world.submit(body);
      const { error } = (await response.json()) as { readonly error: { readonly message: string } };
      expect([response.status, error.message]).toEqual([status, expect.stringMatching(said)]);
    }
    expect((await world.submit(JSON.stringify(JOB), READ_KEY)).status).toBe(403);
    expect((await fetch(`${world.service.url}/api/jobs`, { headers })).status).toBe(405);
    await world.service.processor.idle();
    await world.harness.advance(0);
    expect(world.harness.receiver.received).toBe(0);
  });

  it('goes on when a customer goes away in the middle of a job', async () => {
    await using world = await setup();
    const { port } = new URL(world.service.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /api/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEY}\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.write('{');
    socket.destroy();
    await once(socket, 'close');
    expect((await world.submit(JSON.stringify(JOB))).status).toBe(202);
  });

  it('has its numbers where customers do not get', async () => {
    await using world = await setup();
    expect((await fetch(`${world.service.url}/metrics`, { headers })).status).toBe(404);
    expect(await (await fetch(world.service.metricsUrl)).text()).toContain('posthorn_');
  });
});

describe('the program of ImgGo', { timeout: 30_000 }, () => {
  needPostgres();

  const run = (environment: Readonly<Record<string, string>>) =>
    spawn(process.execPath, ['--import', 'tsx', 'examples/imggo/start.ts'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { PATH: process.env['PATH'], PORT: '0', METRICS_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const STORE_KEY = Buffer.alloc(32, 7).toString('base64');

  it('says which setting is wrong', () => {
    const DATABASE_URL = 'postgres://not.used';
    const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{}, /^DATABASE_URL: expected /],
      [{ DATABASE_URL }, /^STORE_KEY: expected /],
      [{ DATABASE_URL, STORE_KEY }, /^API_KEYS: expected /],
      [{ DATABASE_URL, STORE_KEY, API_KEYS: 'acme' }, /^API_KEYS: expected /],
      [{ DATABASE_URL, STORE_KEY, API_KEYS: `acme=${KEY}`, PORT: 'http' }, /^PORT: expected .*"http"\.$/],
    ];
    for (const [environment, said] of cases) expect(() => readSettings(environment)).toThrow(said);
  });

  it('says in one line why it does not start', async () => {
    const child = run({ DATABASE_URL: 'postgres://127.0.0.1:1/none', STORE_KEY, API_KEYS: `acme=${KEY}` });
    const [printed, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([code, printed]).toEqual([1, expect.stringMatching(/^.*ECONNREFUSED.*\n$/)]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s with exit code 0, without an error', async (signal) => {
    await using database = await createPostgresDatabase();
    const child = run({ DATABASE_URL: database.url, STORE_KEY, API_KEYS: `acme=${KEY}` });
    const errors = text(child.stderr);
    const ended = once(child, 'exit');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const [, url = '', metrics = ''] = /^listening on (\S+), metrics at (\S+)$/.exec(line) ?? [];
    const body = JSON.stringify({ url: 'https://a.example/hooks' });
    expect((await fetch(`${url}/api/webhooks`, { method: 'POST', headers, body })).status).toBe(201);
    expect((await fetch(metrics)).status).toBe(200);
    child.kill(signal);
    expect([await ended, await errors]).toEqual([[0, null], '']);
  });
});
