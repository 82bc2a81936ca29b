// Sends a delivery, and checks that the host's fetch keeps the dispatcher that Node.js itself gives it.
import { once } from 'node:events';
import { createServer } from 'node:http';

const dispatcherSymbol = Symbol.for('undici.globalDispatcher.1');
const isTouchedBefore = process.argv[2] === 'touched-before';

const received = [];
const server = createServer((request, response) => {
  received.push(`${request.method} ${request.url}`);
  request.resume();
  response.end('ok');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;

async function fetchAsHost() {
  const response = await fetch(`${origin}/from-the-host`);
  if ((await response.text()) !== 'ok') throw new Error('fetch of the host is broken');
}

if (isTouchedBefore) await fetchAsHost();
const before = globalThis[dispatcherSymbol];
const names = ['fetch', 'Headers', 'Request', 'Response', 'FormData', 'WebSocket', 'EventSource'];
const originals = isTouchedBefore ? names.map((name) => globalThis[name]) : [];

const { WebhookDispatcher } = await import('posthorn');
const dispatcher = new WebhookDispatcher({ network: { allowPrivate: ['127.0.0.0/8', '::1/128'] } });
await dispatcher.endpoints.create({ url: `${origin}/hooks`, events: ['job.*'] });
const arrived = once(server, 'request');
await dispatcher.emit('job.completed', { jobId: '42' });
await arrived;
await dispatcher.stop();

await fetchAsHost();
const after = globalThis[dispatcherSymbol];
if (after === undefined) throw new Error('fetch has no dispatcher under the known symbol');
if (isTouchedBefore && after !== before) throw new Error('the dispatcher of fetch was replaced');
originals.forEach((original, index) => {
  if (globalThis[names[index]] !== original) throw new Error(`globalThis.${names[index]} was replaced`);
});

// Imported last: on Node.js 20 this very import could replace what is tested here.
const { Agent } = await import('undici');
if (after instanceof Agent) throw new Error('fetch of the host runs on the undici of this package');
if (!received.includes('POST /hooks')) throw new Error(`the delivery did not arrive: ${received.join(', ')}`);
server.close();
server.closeAllConnections();
