/** System A: a print service that tells one URL of each step of a job. The URL comes with the job; nothing is registered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemRandom } from 'posthorn';
import { createFaultReceiver } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';
import type { JobStatus, PrintJob } from '../../examples/print-service/job.ts';
import { JobBook } from '../../examples/print-service/job-book.ts';
import { PrintService } from '../../examples/print-service/print-service.ts';
import {
  type Announce,
  createAnnouncer,
  transitionFilter,
  webhookOptions,
} from '../../examples/print-service/webhooks.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness, type DeliveryReport, type Harness } from '../../src/testing/harness.ts';
import { printedBlock, readDocument } from '../support/system-documents.ts';
import { decorateStore } from '../support/world.ts';
import { shows } from './rows.ts';

/** The payload as its documentation prints it. */
const PRINTED = JSON.parse(printedBlock('print-service', 'json', '"job_status_update"')) as {
  readonly job: PrintJob;
};
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

interface System extends AsyncDisposable {
  readonly harness: Harness;
  readonly announce: Announce;
  /** What the service has logged. */
  readonly lines: readonly string[];
  /** The printed job, with the URL of the receiver. */
  jobOf(change?: Partial<PrintJob>): PrintJob;
  deliveries(): Promise<readonly DeliveryReport[]>;
}

async function setup(options: DispatcherOptions = {}): Promise<System> {
  // Delays that are not exact come out as long as they can.
  const random = { ...createSystemRandom(), fraction: () => 0.999 };
  const harness = await createHarness({ dispatcher: { ...webhookOptions, random, ...options } });
  const lines: string[] = [];
  const announce = createAnnouncer(harness.dispatcher, { log: (line) => lines.push(line) });
  return {
    harness,
    announce,
    lines,
    jobOf: (change = {}) => ({
      ...PRINTED.job,
      webhook_url: harness.receiver.url,
      previous_status: null,
      ...change,
    }),
    async deliveries() {
      const { items } = await harness.dispatcher.deliveries.list({ limit: 500 });
      return Promise.all(items.map(({ id }) => harness.dispatcher.deliveries.get(id)));
    },
    [Symbol.asyncDispose]: () => harness.close(),
  };
}

describe('the print service', () => {
  it.each(['comes with the job', 'is registered'])(
    'sends the printed bytes and headers to a URL that %s',
    shows('print-service', 'destination', 'body', 'headers'),
    async (url) => {
      await using system = await setup();
      const { dispatcher, receiver } = system.harness;
      const isRegistered = url === 'is registered';
      if (isRegistered) await dispatcher.endpoints.create({ url: receiver.url, filter: transitionFilter });
      system.announce(system.jobOf(isRegistered ? { webhook_url: null } : {}), 'uploading');
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
        system.announce(system.jobOf({ id, webhook_url: receiver.urlOf(`/jobs/${id}`) }), 'uploading');
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
        system.announce(
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
      system.announce(system.jobOf({ status }), previous);
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

describe('a webhook of the print service that fails', () => {
  it.each([
    ...[302, 400, 401, 404, 408, 410, 422, 429].map((status) => [status, [0]] as const),
    ...[500, 502, 503, 504].map((status) => [status, [0, 1_000, 3_000, 7_000]] as const),
  ])(
    'with the status %i is attempted at %j ms',
    shows('print-service', 'retries'),
    async (status, offsets) => {
      await using system = await setup();
      const { receiver, clock } = system.harness;
      const startedAt = clock.now();
      const arrivals: number[] = [];
      receiver.always(() => {
        arrivals.push(clock.now() - startedAt);
        return status;
      });
      system.announce(system.jobOf(), 'uploading');
      await system.harness.advance(600_000);
      expect(arrivals).toEqual(offsets);
      expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: offsets.length }]);
    },
  );

  it('by silence is given 10 s, four times', shows('print-service', 'retries'), async () => {
    await using system = await setup();
    system.harness.receiver.hold();
    system.announce(system.jobOf(), 'uploading');
    await system.harness.advance(600_000);
    const [delivery] = await system.deliveries();
    expect(delivery!.attemptLog.map(({ reason, durationMs }) => [reason, durationMs])).toEqual(
      [1, 2, 3, 4].map(() => ['timeout', 10_000]),
    );
  });

  it.each(['connection_refused', 'reset_after_request', 'invalid_status_line'] as const)(
    'by the network (%s) is tried again three times',
    shows('print-service', 'retries'),
    async (fault) => {
      await using receiver = await createFaultReceiver({ fault });
      await using system = await setup();
      system.announce(system.jobOf({ webhook_url: receiver.url }), 'uploading');
      await system.harness.advance(600_000);
      expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: 4 }]);
    },
  );

  it('does not disable a registered endpoint by 410', shows('print-service', 'retries'), async () => {
    await using system = await setup();
    const endpoint = await system.harness.createEndpoint();
    system.harness.receiver.always(410);
    system.announce(system.jobOf({ webhook_url: null }), 'uploading');
    await system.harness.advance(600_000);
    expect(await system.deliveries()).toMatchObject([{ state: 'exhausted', attempts: 1 }]);
    expect(await system.harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });

  it('is on record, and can be sent again', shows('print-service', 'weaknesses'), async () => {
    await using system = await setup();
    const { dispatcher, receiver, clock } = system.harness;
    receiver.always(500);
    system.announce(system.jobOf(), 'uploading');
    await system.harness.advance(60_000);
    const { items } = await dispatcher.deliveries.list({ states: ['exhausted'] });
    expect(await dispatcher.deliveries.get(items[0]!.id)).toMatchObject({
      attemptLog: [1, 2, 3, 4].map((attempt) => ({ attempt, response: { status: 500 } })),
    });
    receiver.always(200);
    await clock.advance(1);
    expect(await dispatcher.replay({ states: ['exhausted'] })).toMatchObject({ retried: 1 });
    await system.harness.advance(0);
    expect(receiver.requests.at(-1)!.text).toBe(JSON.stringify(PRINTED));
    expect(await system.deliveries()).toMatchObject([{ state: 'succeeded', attempts: 5 }]);
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
      system.announce(system.jobOf({ status }), status === 'printing' ? 'uploading' : 'printing');
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
      system.announce(system.jobOf({ id, webhook_url: receiver.urlOf(`/${id}`) }), 'uploading');
    system.announce(system.jobOf({ id: 'c', webhook_url: 'http://10.0.0.7/' }), 'uploading');
    await system.harness.advance(0);
    expect([...system.lines].sort()).toEqual(
      documentedLines()
        .map((line, index) => line.replace('{id}', ['a', 'b', 'c'][index]!))
        .sort(),
    );
  });
});
