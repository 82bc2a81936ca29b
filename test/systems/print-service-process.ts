/** The webhooks of the print service in a process that can be killed: `print-service-process.ts FOLDER`. Tells of each job that it is sent. */
import type { PrintJob } from '../../examples/print-service/job.ts';
import { createAnnouncer, webhookOptions } from '../../examples/print-service/webhooks.ts';
import { WebhookDispatcher } from '../../src/index.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { LOOPBACK } from '../support/world.ts';

const webhooks = new WebhookDispatcher({
  ...webhookOptions,
  network: LOOPBACK,
  store: fileStore(process.argv[2]!),
});
const announce = createAnnouncer(webhooks, { log: (line) => process.send?.(line) });
await webhooks.start();
process.on('message', (job) => void announce(job as PrintJob, 'uploading'));
