// An ES module project on the oldest supported compiler settings: no DOM library, declarations checked.
import { WebhookDispatcher } from 'posthorn';
import { fileStore } from 'posthorn/file';
import { createWebhookApi, createWebhookClient } from 'posthorn/http';
import { verifyWebhook, type WebhookMessage } from 'posthorn/receiver';
import { sqlStore } from 'posthorn/sql';
import * as testing from 'posthorn/testing';

await using dispatcher = new WebhookDispatcher<{ 'job.completed': { jobId: string } }>();
const stored: WebhookDispatcher = new WebhookDispatcher({ store: fileStore('./webhooks') });
void stored;
await dispatcher.emit('job.completed', { jobId: '42' });
const { fetch } = createWebhookApi(dispatcher, {
  authorize: () => ({ id: 'consumer', scopes: ['read', 'write', 'secrets'] }),
});
const client = createWebhookClient({ baseUrl: 'http://localhost/api', fetch });
const created = await client.webhooks.create({ url: 'https://example.com/hooks' });
if (
  created.secret === undefined ||
  (await client.webhooks.get(created.id)).url !== 'https://example.com/hooks'
)
  throw new Error('posthorn/http serves no webhooks');
if (Object.keys(testing).length === 0) throw new Error('posthorn/testing is empty');
if (sqlStore('./never-opened.db').name !== 'sqlite') throw new Error('posthorn/sql makes no store');

const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
const result = await verifyWebhook<{ 'job.completed': { jobId: string } }>('{}', new Headers(), { secret });
if (result.ok) {
  const message: WebhookMessage<'job.completed', { jobId: string }> = result.message;
  throw new Error(`posthorn/receiver accepted ${message.data.jobId}`);
}
if (result.reason !== 'missing_header') throw new Error(`posthorn/receiver says ${result.reason}`);
