/** The receiver of the ImgGo example, made with the receiver kit: what ImgGo advises, over real TLS. */
import { createHmac } from 'node:crypto';
import { undiciTransport } from 'posthorn';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, Customer, HOST } from '../../examples/imggo/customer.ts';
import type { JobEvent } from '../../examples/imggo/jobs.ts';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { printedBlock } from '../support/system-documents.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

const SECRET = 'your_webhook_secret';
const COMPLETED = JSON.parse(printedBlock('imggo', 'json', '"job.completed"')) as Record<string, unknown>;

describe('a receiver of ImgGo made with the kit', { timeout: 30_000 }, () => {
  async function setup() {
    const worked: JobEvent[] = [];
    const mailed: JobEvent[] = [];
    let release = (): void => {};
    const mayWork = new Promise<void>((resolve) => (release = resolve));
    const harness = await createHarness({
      dispatcher: {
        ...webhookOptions,
        network: {
          ...webhookOptions.network,
          ...LOOPBACK,
          lookup: (host, _options, callback) =>
            callback(host === HOST ? null : new Error(host), [{ address: '127.0.0.1', family: 4 }]),
        },
        transport: undiciTransport({ tls: { ca: CERTIFICATE.toString() } }),
      },
    });
    const customer = new Customer({
      secret: SECRET,
      now: () => harness.clock.now(),
      systems: [
        async (event) => void mailed.push(event),
        async (event) => {
          await mayWork;
          worked.push(event);
        },
      ],
    });
    await customer.listen();
    const endpoint = await harness.createEndpoint({ url: customer.url, secret: SECRET });
    return {
      harness,
      customer,
      endpoint,
      worked,
      mailed,
      release,
      async [Symbol.asyncDispose]() {
        customer.close();
        await harness.close();
      },
    };
  }

  it(
    'takes each event of a job once, over https, and works after the answer',
    shows('imggo', 'receive-well'),
    async () => {
      await using world = await setup();
      const { harness, customer } = world;
      const queued = { event: 'job.queued', job_id: COMPLETED['job_id'], status: 'queued' };
      for (const event of [queued, COMPLETED, COMPLETED, queued]) {
        await harness.dispatcher.emit(event['event'] as string, event);
        await harness.dispatcher.drain();
      }
      expect(customer.arrivals.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(world.mailed.map(({ event }) => event)).toEqual(['job.queued', 'job.completed']);
      expect(world.worked).toEqual([]);
      world.release();
      await customer.finishWork();
      expect(world.worked).toEqual([queued, COMPLETED]);
    },
  );

  it.each([
    ['another event', { ...COMPLETED, event: 'job.deleted' }],
    ['no job id', { ...COMPLETED, job_id: undefined }],
    ['no status', { ...COMPLETED, status: 1 }],
    ['no object', [COMPLETED]],
  ])('refuses %s', shows('imggo', 'receive-well'), async (_, data) => {
    await using world = await setup();
    await world.harness.dispatcher.emit('job.completed', data);
    await world.harness.dispatcher.drain();
    expect(world.customer.arrivals.map(({ status }) => status)).toEqual([400]);
    expect(world.mailed).toEqual([]);
  });

  it('refuses another signature', shows('imggo', 'receive-well', 'signature'), async () => {
    await using world = await setup();
    await world.harness.dispatcher.endpoints.rotateSecret(world.endpoint.id, {
      secret: createHmac('sha256', 'x').digest('hex'),
      graceMs: 0,
    });
    await world.harness.dispatcher.emit('job.completed', COMPLETED);
    await world.harness.dispatcher.drain();
    expect(world.customer.arrivals.map(({ status }) => status)).toEqual([401]);
    expect(world.mailed).toEqual([]);
  });
});
