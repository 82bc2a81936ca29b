/** The receivers that the document of the job queue prints: one verifies, the other cannot be run as it stands. */
import { describe, expect, it, vi } from 'vitest';
import { createJobQueueWorld } from '../support/emp-job-queue.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const RUN_LIMIT_MS = 60_000;
const SECRET = 'your-secret-key';

const verification = printedBlock('emp-job-queue', 'javascript', 'function verifyWebhookSignature');
const handler = printedBlock('emp-job-queue', 'javascript', "app.post('/webhooks/emp-jobs'");

/** What calls the printed verification: with the body as Express parsed it, for that is what it takes. */
const VERIFYING_APPLICATION = `
const app = require('express')();
app.use(require('express').json());
app.post('/hooks', (req, res) => {
  if (!verifyWebhookSignature(req.body, req.headers['x-webhook-signature'], process.env.SECRET)) return res.sendStatus(401);
  console.log('accepted ' + req.body.event_type);
  res.status(200).json({ received: true });
});
app.listen(3000);`;

/** What the printed handler takes for granted. */
const BEFORE_HANDLER = `
const app = require('express')();
app.use(require('express').json());
const tell = (name) => async (...given) => console.log(name, JSON.stringify(given));
const updateJobStatus = tell('updateJobStatus');
const sendAlert = tell('sendAlert');
const scaleUpResources = tell('scaleUpResources');
`;

describe('the printed verification', { timeout: RUN_LIMIT_MS }, () => {
  it('accepts what is sent, and refuses another secret', shows('emp-job-queue', 'signature'), async () => {
    await using receiver = await startPrinted({
      language: 'node',
      printed: verification,
      after: VERIFYING_APPLICATION,
      env: { SECRET },
    });
    await using world = await createJobQueueWorld();
    const url = `${receiver.origin}/hooks`;
    const good = await world.register({ url, secret: SECRET });
    const bad = await world.register({ url, secret: 'another-secret-key' });
    const data = { job_id: 'job_123', result: { text: 'ünïcode ✓', '10': 1, '9': [1e21, -0.5] } };
    await world.harness.dispatcher.process({ type: 'job.completed', ...data });
    await world.harness.advance(10_000);
    expect(await world.harness.deliveriesTo(good)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    const [refused] = await world.harness.deliveriesTo(bad);
    expect(refused!.attemptLog.map(({ response }) => response?.status)).toEqual([401, 401, 401]);
    await vi.waitUntil(() => receiver.output().match(/accepted job\.completed/g)?.length === 1);
  });
});

describe('the printed handler', { timeout: RUN_LIMIT_MS }, () => {
  it(
    'does not parse: it awaits in a function that is not async',
    shows('emp-job-queue', 'receivers'),
    async () => {
      const started = startPrinted({
        language: 'node',
        before: BEFORE_HANDLER,
        printed: handler,
        after: 'app.listen(3000);',
      });
      await expect(started).rejects.toThrow(/SyntaxError: await is only valid in async functions/);
    },
  );

  it(
    'accepts what is sent once that word stands there',
    shows('emp-job-queue', 'receivers', 'body'),
    async () => {
      await using receiver = await startPrinted({
        language: 'node',
        before: BEFORE_HANDLER,
        printed: handler.replace('(req, res) =>', 'async (req, res) =>'),
        after: 'app.listen(3000);',
      });
      await using world = await createJobQueueWorld();
      const id = await world.register({ url: `${receiver.origin}/webhooks/emp-jobs` });
      const { process } = world.harness.dispatcher;
      await process({ type: 'job.completed', job_id: 'job_1', result: { images: 1 } });
      await process({ type: 'job.failed', job_id: 'job_2', error: 'CUDA out of memory' });
      await process({ type: 'machine.startup', machine_id: 'prod-cluster-1' });
      await process({ type: 'job.progress', job_id: 'job_1', progress: 50 });
      await world.harness.advance(0);
      const deliveries = await world.harness.deliveriesTo(id);
      expect(deliveries.map(({ state, attempts }) => [state, attempts])).toEqual(
        Array(4).fill(['succeeded', 1]),
      );
      for (const { attemptLog } of deliveries)
        expect(attemptLog[0]!.response?.body).toBe('{"received":true}');
      const called = (): string[] =>
        receiver
          .output()
          .match(/^(update|send|scale).*$/gm)
          ?.sort() ?? [];
      await vi.waitUntil(() => called().length === 3);
      expect(called()).toEqual([
        'scaleUpResources ["prod-cluster-1"]',
        'sendAlert ["Job failed","CUDA out of memory"]',
        'updateJobStatus ["job_1","completed",{"images":1}]',
      ]);
    },
  );
});
