// A CommonJS project: `import` syntax compiles to require(), and `import = require()` says so.
import { WebhookDispatcher, type DispatcherOptions } from 'posthorn';
import { fileStore } from 'posthorn/file';
import http = require('posthorn/http');
import sql = require('posthorn/sql');
import testing = require('posthorn/testing');

type Events = { 'job.completed': { jobId: string } };

const options: DispatcherOptions = {};
const dispatcher = new WebhookDispatcher<Events>(options);

async function emitOne(): Promise<void> {
  await dispatcher.emit('job.completed', { jobId: '42' });
  // @ts-expect-error: the type is not an event of this dispatcher
  const misspelt = (): unknown => dispatcher.emit('job.compleeted', { jobId: '42' });
  void misspelt;
  await dispatcher.stop();
}

if (fileStore('./webhooks').name !== 'file') throw new Error('posthorn/file is something else');
if (Object.keys(testing).length === 0) throw new Error('posthorn/testing is empty');
if (typeof http.createWebhookApi !== 'function') throw new Error('posthorn/http makes no API');
if (!sql.sqlSchema('postgres').includes('create table')) throw new Error('posthorn/sql has no schema');
void emitOne();
