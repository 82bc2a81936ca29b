/** What goes wrong at an instance of emp-job-queue, and must not end it. */
import { fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { InstanceProcess } from '../../examples/emp-job-queue/instance-process.ts';
import type { MonitorEvent } from '../../examples/emp-job-queue/webhooks.ts';
import { createPlace, type StorePlace } from '../support/store-places.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Processes start from sources, on a machine that may be busy. */
const LIMIT = { timeout: 90_000 };
const PATIENCE = { timeout: 30_000, interval: 20 };

function startInstance({ location }: StorePlace, name: string): Promise<InstanceProcess> {
  const env = {
    DATABASE_URL: location.url,
    DATABASE_SCHEMA: location.schema!,
    STORE_KEY: randomBytes(32).toString('base64'),
    ALLOW_PRIVATE: '127.0.0.0/8',
  };
  return InstanceProcess.start({ name, env });
}

/** What is answered to a request line as it stands, which `fetch` would tidy up. */
async function send(origin: string, requestLine: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`${requestLine} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n')[0]!;
}

describe('the story of the job queue', LIMIT, () => {
  it('leaves nothing behind when it is interrupted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
    chmodSync(folder, 0o711);
    const { DATABASE_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/emp-job-queue/main.ts'], {
      cwd: root,
      // Its instances end a moment after it: until then they would fill the cache of what was compiled, in this folder.
      env: { ...env, TMPDIR: folder, TSX_DISABLE_CACHE: '1' },
    });
    await once(child.stdout, 'data');
    expect(readdirSync(folder)).toContainEqual(expect.stringMatching('^emp-postgres-'));
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('an instance of the job queue', LIMIT, () => {
  it('refuses what is no job, and outlives it', async () => {
    await using place = await createPlace('postgres');
    const instance = await startInstance(place, 'first');
    const heard: MonitorEvent[] = [];
    try {
      await instance.watch((event) => heard.push(event));
      for (const path of ['//', 'http://', '/%zz', '*'])
        expect(await send(instance.origin, `GET ${path}`)).toMatch(/^HTTP\/1.1 40[04] /);
      for (const [body, field] of [
        ['', 'JSON'],
        ['{', 'JSON'],
        ['null', 'a job'],
        ['[]', 'a job'],
        ['{}', 'job_type'],
        ['{"job_type":5}', 'job_type'],
        ['{"job_type":"comfyui","job_priority":"1"}', 'job_priority'],
        ['{"job_type":"comfyui","time_limit_ms":1e12}', 'time_limit_ms'],
        ['{"job_type":"comfyui","time_limit_ms":-1}', 'time_limit_ms'],
      ] as const) {
        const response = await fetch(`${instance.origin}/api/jobs`, { method: 'POST', body });
        expect([body, response.status]).toEqual([body, 400]);
        expect(await response.json()).toEqual({ success: false, error: expect.stringContaining(field) });
      }
      const large = await instance.call('POST', '/api/jobs', { job_type: 'x'.repeat(200_000) });
      expect(large.status).toBe(413);
      const webhook = { url: 'http://127.0.0.1:9/', retry_config: [] };
      expect((await instance.call('POST', '/api/webhooks', webhook)).status).toBe(422);
      expect(heard).toEqual([]);

      const forged = {
        type: 'machine.shutdown',
        event_id: 'evt_forged',
        timestamp: 1,
        job_id: 'job_forged',
        job_status: 'completed',
      };
      await instance.call('POST', '/api/jobs', { job_type: 'constructor', ...forged });
      await vi.waitUntil(() => heard.length === 5, PATIENCE);
      expect(heard.map(({ type }) => type)).toEqual([
        'job.submitted',
        'job.assigned',
        'job.status_changed',
        'job.failed',
        'job.status_changed',
      ]);
      for (const event of heard)
        for (const key of ['event_id', 'timestamp', 'job_id'] as const)
          expect(event[key]).not.toBe(forged[key]);
    } finally {
      await instance.kill();
    }
  });

  it('hears of jobs of any size, also after its connection was lost', async () => {
    await using place = await createPlace('postgres');
    const [first, second] = await Promise.all([
      startInstance(place, 'first'),
      startInstance(place, 'second'),
    ]);
    const heard: MonitorEvent[] = [];
    const client = new pg.Client({ connectionString: place.location.url });
    await client.connect();
    const busOf = async (): Promise<unknown> =>
      (JSON.parse(await first.read('/health')) as Record<string, unknown>)['eventBus'];
    try {
      await first.watch((event) => heard.push(event));
      const channel = `emp_events_${place.location.schema}`;
      for (const payload of ['', '5', '0 bnVsbA==', '0 e30='])
        await client.query('select pg_notify($1, $2)', [channel, payload]);
      const prompt = 'ü'.repeat(20_000);
      await second.call('POST', '/api/jobs', { job_type: 'broken', prompt });
      const isFailure = ({ type }: MonitorEvent): boolean => type === 'job.failed';
      await vi.waitUntil(() => heard.some(isFailure), PATIENCE);
      expect(heard.find(isFailure)).toMatchObject({ prompt, error: 'CUDA out of memory' });

      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query = $1`,
        [`listen "${channel}"`],
      );
      expect(rowCount).toBe(2);
      await vi.waitUntil(async () => (await busOf()) === 'reconnecting', PATIENCE);
      await vi.waitUntil(async () => (await busOf()) === 'listening', PATIENCE);
      await second.call('POST', '/api/jobs', { job_type: 'broken' });
      await vi.waitUntil(() => heard.filter(isFailure).length === 2, PATIENCE);
    } finally {
      await client.end();
      await Promise.all([first.kill(), second.kill()]);
    }
  });

  it('ends when whoever started it has died, even before it was loaded', async () => {
    await using place = await createPlace('postgres');
    const env = { ...process.env, DATABASE_URL: place.location.url, DATABASE_SCHEMA: place.location.schema };
    const execArgv = ['--import', 'tsx'];
    const child = fork(`${root}examples/emp-job-queue/instance.ts`, { env, execArgv, silent: true });
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('tells of the jobs that it cancels when it is shut down', async () => {
    await using place = await createPlace('postgres');
    const instance = await startInstance(place, 'first');
    await instance.call('POST', '/api/jobs', { job_type: 'endless' });
    await instance.stop();
    expect(instance.lines.filter((line) => line.includes('ERROR'))).toEqual([]);
    const client = new pg.Client({ connectionString: place.location.url });
    await client.connect();
    const { rows } = await client.query<{ type: string }>(
      `select type from ${place.location.schema}.posthorn_messages order by seq desc limit 4`,
    );
    await client.end();
    expect(rows.map(({ type }) => type).sort()).toEqual([
      'job.cancelled',
      'job.status_changed',
      'machine.shutdown',
      'worker.disconnected',
    ]);
  });
});
