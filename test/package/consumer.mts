// An ES module project on the oldest supported compiler settings: no DOM library, declarations checked.
import { WebhookDispatcher } from 'posthorn';
import * as testing from 'posthorn/testing';

await using dispatcher = new WebhookDispatcher<{ 'job.completed': { jobId: string } }>();
await dispatcher.emit('job.completed', { jobId: '42' });
if (Object.keys(testing).length === 0) throw new Error('posthorn/testing is empty');
