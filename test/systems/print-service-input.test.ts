/** What the print service is asked by strangers, and what its folder does to it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { JobBook } from '../../examples/print-service/job-book.ts';
import { PrintService } from '../../examples/print-service/print-service.ts';
import { createPrintServer } from '../../examples/print-service/server.ts';

const JOB = { job_id: 'a', filename: 'a.stl', storage_path: 'uploads/a.stl' };

async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-print-'));
  const told: string[] = [];
  const open = (work = async () => {}, isStored = true): PrintService =>
    new PrintService({
      book: new JobBook(folder),
      announce: async ({ id, status }) => told.push(`${id} ${status}`) > 0 && isStored,
      work,
    });
  const service = open();
  const server = createPrintServer(service).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = async (response: Response): Promise<unknown[]> => [response.status, await response.json()];
  return {
    folder,
    told,
    open,
    service,
    get: async (id: string) => read(await fetch(`${origin}/api/jobs/${id}`)),
    submit: async (body: string) => read(await fetch(`${origin}/api/submit-print`, { method: 'POST', body })),
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true });
    },
  };
}

describe('what is handed in at the print service', () => {
  it.each([
    ['', 'body: expected JSON'],
    ['{', 'body: expected JSON'],
    [' '.repeat(70_000) + JSON.stringify(JOB), 'body: expected JSON of at most'],
    ['null', 'body: '],
    ['5', 'body: '],
    ['[]', 'job_id: '],
    ['{}', 'job_id: '],
    [{ job_id: { a: 1 } }, 'job_id: '],
    [{ job_id: 'a\n✅ Webhook notification sent for job forged' }, 'job_id: '],
    [{ job_id: 'a'.repeat(101) }, 'job_id: '],
    [{ filename: undefined }, 'filename: '],
    [{ filename: 'a'.repeat(3_000) }, 'filename: '],
    [{ storage_path: 5 }, 'storage_path: '],
    [{ webhook_url: 5 }, 'webhook_url: '],
    [{ webhook_url: 'not a url' }, 'webhook_url: '],
    [{ webhook_url: 'http://user:pw@app.example/' }, 'webhook_url: expected no user name and no password'],
  ])('is refused, naming the field: %j', async (given, problem) => {
    using system = await setup();
    const body = typeof given === 'string' ? given : JSON.stringify({ ...JOB, ...given });
    const answer = await system.submit(body);
    expect(answer).toEqual([400, { error: expect.stringContaining(problem) }]);
    expect(JSON.stringify(answer)).not.toContain('pw');
    expect(system.told).toEqual([]);
  });

  it('is refused when there is a job with this id', async () => {
    using system = await setup();
    expect(await system.submit(JSON.stringify(JOB))).toEqual([202, { success: true, job_id: 'a' }]);
    expect(await system.submit(JSON.stringify({ ...JOB, filename: 'b.stl' }))).toEqual([
      409,
      { error: 'job_id: there is a job a already' },
    ]);
    await system.service.idle();
    expect(system.told).toHaveLength(5);
    expect(await system.get('a')).toMatchObject([200, { filename: 'a.stl', status: 'complete' }]);
  });

  it('is shown without the URL of its webhook', async () => {
    using system = await setup();
    system.service.submit({ ...JOB, webhook_url: 'http://user:pw@app.example/?token=pw' });
    await system.service.idle();
    expect(JSON.stringify(await system.get('a'))).not.toContain('pw');
    expect(await system.get('%')).toEqual([404, { error: 'Not found' }]);
  });
});

describe('a folder of the print service', () => {
  it('that cannot be written stops its jobs until the next start, and nothing else', async () => {
    using system = await setup();
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const obstacle = join(system.folder, 'jobs.json.new');
    const service = system.open(async () => void mkdirSync(obstacle));
    service.submit(JOB);
    await service.idle();
    expect(await system.submit(JSON.stringify(JOB))).toEqual([500, { error: 'Internal error' }]);
    const [first] = logged.mock.calls;
    logged.mockRestore();
    expect(first![0]).toMatch(/^Job a stops until the next start: EISDIR.*$/);
    expect(service.get('a')).toMatchObject({ status: 'pending', error_message: null });
    rmdirSync(obstacle);
    const next = system.open();
    next.resume();
    await next.idle();
    expect(next.get('a')).toMatchObject({ status: 'complete' });
  });

  it('says at the next start whose last status was not told of yet', async () => {
    using system = await setup();
    for (const isStored of [false, true, true]) {
      const service = system.open(undefined, isStored);
      service.resume();
      service.submit(JOB);
      await service.idle();
    }
    expect(system.told.slice(-2)).toEqual(['a complete', 'a complete']);
    expect(system.told).toHaveLength(6);
  });

  it('is used by one process', { timeout: 30_000 }, async () => {
    using system = await setup();
    writeFileSync(join(system.folder, 'owner.pid'), String(process.pid));
    const program = fileURLToPath(new URL('../../examples/print-service/service.ts', import.meta.url));
    const second = spawnSync(process.execPath, ['--import', 'tsx', program, system.folder], {
      encoding: 'utf8',
    });
    expect(second).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(new RegExp(`is in use by process ${process.pid}\\..*\n$`)),
    });
  });
});
