/** The print service on a manual clock, with a receiver for its webhooks. */
import { createSystemRandom } from 'posthorn';
import type { PrintJob } from '../../examples/print-service/job.ts';
import { type Announce, createAnnouncer, webhookOptions } from '../../examples/print-service/webhooks.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type DeliveryReport, type Harness } from '../../src/testing/harness.ts';
import { printedBlock } from '../support/system-documents.ts';

/** The payload as its documentation prints it. */
export const PRINTED = JSON.parse(printedBlock('print-service', 'json', '"job_status_update"')) as {
  readonly job: PrintJob;
};
export interface System extends AsyncDisposable {
  readonly harness: Harness;
  readonly announce: Announce;
  /** What the service has logged. */
  readonly lines: readonly string[];
  /** The printed job, with the URL of the receiver. */
  jobOf(change?: Partial<PrintJob>): PrintJob;
  deliveries(): Promise<readonly DeliveryReport[]>;
}

export async function setup(options: DispatcherOptions = {}): Promise<System> {
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
