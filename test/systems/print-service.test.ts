/** System A: a print service that tells one URL of each step of a job. The URL comes with the job; nothing is registered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobStatus, PrintJob } from '../../examples/print-service/job.ts';
import { JobBook } from '../../examples/print-service/job-book.ts';
import { PrintService } from '../../examples/print-service/print-service.ts';
import { transitionFilter } from '../../examples/print-service/webhooks.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { readDocument } from '../support/system-documents.ts';
import { decorateStore } from '../support/world.ts';
import { PRINTED, setup, type System } from './print-service-world.ts';
import { shows } from './rows.ts';

const STATUSES = [
  'pending',
  'downloading',
  'slicing',
  'uploading',
  'printing',
  'complete',
  'failed',
] as const;
const SENT: readonly (readonly [JobStatus, JobStatus])[] = [
  ['pending', 'downloading'],
  ['downloading', 'slicing'],
  ['slicing', 'uploading'],
  ['uploading', 'printing'],
  ['printing', 'complete'],
  ...STATUSES.map((previous) => [previous, 'failed'] as const),
];

describe('the print service', () => {
  it.each(['comes with the job', 'is registered'])(
    'sends the printed bytes and headers to a URL that %s',
    shows('print-service', 'destination', 'body', 'headers'),
    async (url) => {
      await using system = await setup();
      const { dispatcher, receiver } = system.harness;
      const isRegistered = url === 'is registered';
      if (isRegistered) await dispatcher.endpoints.create({ url: receiver.url, filter: transitionFilter });
      void system.announce(system.jobOf(isRegistered ? { webhook_url: null } : {}), 'uploading');
      await system.harness.advance(0);
      expect((await dispatcher.endpoints.list()).items).toHaveLength(isRegistered ? 1 : 0);
      const [request, ...others] = receiver.requests;
      expect(others).toEqual([]);
      expect(request!.method).toBe('POST');
      expect(request!.text).toBe(JSON.stringify(PRINTED));
      const documented = [...readDocument('print-service').matchAll(/^- `([\w-]+): (.+)`$/gm)];
      expect(documented).toHaveLength(3);
      for (const [, name, value] of documented) expect(request!.headers[name!.toLowerCase()]).toBe(value);
      expect(Object.keys(request!.headers).sort()).toEqual(
        [
          'connection',
          'content-length',
          'content-type',
          'host',
          'user-agent',
          'x-print-service-event',
        ].sort(),
      );
    },
  );

  it(
    'takes each job to its own URL, and all jobs to a registered one',
    shows('print-service', 'destination'),
    async () => {
      await using system = await setup();
      const { dispatcher, receiver } = system.harness;
      await dispatcher.endpoints.create({ url: receiver.urlOf('/all'), filter: transitionFilter });
      for (const id of ['a', 'b'])
        void system.announce(system.jobOf({ id, webhook_url: receiver.urlOf(`/jobs/${id}`) }), 'uploading');
      await system.harness.advance(0);
      const got = receiver.requests.map((request) => [
        request.path,
        (request.json() as { job_id: string }).job_id,
      ]);
      expect(got.sort()).toEqual([
        ['/all', 'a'],
        ['/all', 'b'],
        ['/jobs/a', 'a'],
        ['/jobs/b', 'b'],
      ]);
    },
  );

  it.each(['comes with the job', 'is registered'])(
    'tells a URL that %s of the documented transitions, and of nothing else',
    shows('print-service', 'transitions'),
    async (url) => {
      await using system = await setup();
      const isRegistered = url === 'is registered';
      if (isRegistered) await system.harness.createEndpoint({ filter: transitionFilter });
      const pairs = STATUSES.flatMap((previous) => STATUSES.map((status) => [previous, status] as const));
      for (const [previous, status] of pairs) {
        const change = { id: `${previous}-${status}`, status };
        void system.announce(
          system.jobOf({ ...change, ...(isRegistered ? { webhook_url: null } : {}) }),
          previous,
        );
      }
      await system.harness.advance(0);
      const told = system.harness.receiver.requests.map(
        (request) => (request.json() as { job_id: string }).job_id,
      );
      expect(told.sort()).toEqual(SENT.map((pair) => pair.join('-')).sort());
    },
  );

  it('names the transitions of the document', shows('print-service', 'transitions'), () => {
    // The arrows of the document were written in one encoding and read in another.
    const documented = [...readDocument('print-service').matchAll(/^- `(\w+)` \S+ `(\w+)` - When/gm)];
    expect(documented.map(([, previous, status]) => [previous, status])).toEqual(
      SENT.filter(([, status]) => status !== 'failed'),
    );
    expect(readDocument('print-service')).toMatch(/^- Any status \S+ `failed` - When an error occurs$/m);
  });

  it('sends the updates of a job in their order', shows('print-service', 'transitions'), async () => {
    await using system = await setup();
    const { receiver } = system.harness;
    receiver.reply(500, 500);
    let previous: JobStatus = 'pending';
    for (const status of ['downloading', 'slicing', 'uploading', 'printing', 'complete'] as const) {
      void system.announce(system.jobOf({ status }), previous);
      previous = status;
    }
    await system.harness.advance(60_000);
    const told = receiver.requests.map((request) => (request.json() as { status: string }).status);
    expect(told).toEqual([
      'downloading',
      'downloading',
      'downloading',
      'slicing',
      'uploading',
      'printing',
      'complete',
    ]);
  });
});

describe('a print job', () => {
  /** A service whose work is done at once, and the statuses that its job went through. */
  async function run(system: System, webhook_url: string): Promise<PrintJob> {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-print-'));
    try {
      const service = new PrintService({
        book: new JobBook(folder),
        announce: system.announce,
        work: async () => {},
      });
      service.submit({ job_id: 'a', filename: 'a.stl', storage_path: 'uploads/a.stl', webhook_url });
      await service.idle();
      return service.get('a')!;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it.each(['a receiver that never answers', 'a URL that is none', 'a private address'])(
    'is complete before anything is known of %s',
    shows('print-service', 'never-in-the-way'),
    async (what) => {
      await using system = await setup();
      const { receiver } = system.harness;
      receiver.hold();
      const urls = { 'a URL that is none': 'not a url', 'a private address': 'http://10.0.0.7/hooks' };
      expect(await run(system, urls[what as keyof typeof urls] ?? receiver.url)).toMatchObject({
        status: 'complete',
        error_message: null,
      });
      await system.harness.advance(600_000);
      expect(system.lines.filter((line) => line.includes('sent'))).toEqual([]);
    },
  );

  it('is complete though nothing can be stored', shows('print-service', 'never-in-the-way'), async () => {
    const store = decorateStore(memoryStore(), { append: () => Promise.reject(new Error('disk full')) });
    await using system = await setup({ store });
    expect(await run(system, system.harness.receiver.url)).toMatchObject({ status: 'complete' });
    await system.harness.advance(60_000);
    expect(new Set(system.lines)).toEqual(new Set(['❌ Webhook error for job a']));
  });

  it('is told once, though its last status is told again', shows('print-service', 'weaknesses'), async () => {
    await using system = await setup();
    for (const status of ['printing', 'printing', 'complete', 'complete'] as const)
      void system.announce(system.jobOf({ status }), status === 'printing' ? 'uploading' : 'printing');
    await system.harness.advance(0);
    expect(system.harness.receiver.received).toBe(2);
  });
});

describe('the log of the print service', () => {
  /** The three marks of the document are UTF-8 that was read as Mac OS Roman. */
  function documentedLines(): string[] {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const bytes = new Map([...new TextDecoder('macintosh').decode(all)].map((char, byte) => [char, byte]));
    return [...readDocument('print-service').matchAll(/^- `(.*Webhook .* job \{id\})` - /gm)].map(
      ([, line]) => new TextDecoder().decode(Uint8Array.from([...line!].map((char) => bytes.get(char)!))),
    );
  }

  it('has the documented lines', shows('print-service', 'log-lines'), async () => {
    await using system = await setup();
    const { receiver } = system.harness;
    receiver.on('/b').always(404);
    for (const id of ['a', 'b'])
      void system.announce(system.jobOf({ id, webhook_url: receiver.urlOf(`/${id}`) }), 'uploading');
    void system.announce(system.jobOf({ id: 'c', webhook_url: 'http://10.0.0.7/' }), 'uploading');
    await system.harness.advance(0);
    expect([...system.lines].sort()).toEqual(
      documentedLines()
        .map((line, index) => line.replace('{id}', ['a', 'b', 'c'][index]!))
        .sort(),
    );
  });
});
