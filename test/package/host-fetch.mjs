// Sends a delivery, and checks that the host's fetch keeps the dispatcher that it had: node host-fetch.mjs CASE TRANSPORT
//   touched-before   the host has used fetch before posthorn is imported
//   touched-after    it uses it later
//   own-dispatcher   it has set a global dispatcher of its own
// TRANSPORT is undici or ky.
import { once } from 'node:events';
import { createServer } from 'node:http';

const [, , hostCase, transportName] = process.argv;
const dispatcherSymbol = Symbol.for('undici.globalDispatcher.1');
const names = ['fetch', 'Headers', 'Request', 'Response', 'FormData', 'WebSocket', 'EventSource'];

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

/** A dispatcher that the host made its own; what went through it is `dispatched`. */
const dispatched = [];
async function setOwnDispatcher() {
  const { Agent, setGlobalDispatcher } = await import('undici');
  class CountingAgent extends Agent {
    dispatch(options, handler) {
      dispatched.push(`${options.method} ${options.path}`);
      return super.dispatch(options, handler);
    }
  }
  setGlobalDispatcher(new CountingAgent());
}

const isTouchedBefore = hostCase === 'touched-before';
if (isTouchedBefore) await fetchAsHost();
if (hostCase === 'own-dispatcher') await setOwnDispatcher();
const isKnown = hostCase !== 'touched-after';
const before = globalThis[dispatcherSymbol];
if (isKnown && before === undefined) throw new Error('fetch has no dispatcher under the known symbol');
const originals = isTouchedBefore ? names.map((name) => globalThis[name]) : [];

function expectUntouched(when) {
  if (isKnown && globalThis[dispatcherSymbol] !== before)
    throw new Error(`the dispatcher of fetch was replaced ${when}`);
  originals.forEach((original, index) => {
    if (globalThis[names[index]] !== original)
      throw new Error(`globalThis.${names[index]} was replaced ${when}`);
  });
}

const { kyTransport, undiciTransport, WebhookDispatcher } = await import('posthorn');
expectUntouched('by the import');
const transports = { undici: undiciTransport, ky: kyTransport };
const dispatcher = new WebhookDispatcher({
  transport: transports[transportName](),
  network: { allowPrivate: ['127.0.0.0/8', '::1/128'] },
});
await dispatcher.endpoints.create({ url: `${origin}/hooks`, events: ['job.*'] });
await dispatcher.emit('job.completed', { jobId: '42' });
await dispatcher.drain();
expectUntouched('by a delivery');
await dispatcher.stop();
expectUntouched('by stop()');
if (received.filter((request) => request === 'POST /hooks').length !== 1)
  throw new Error(`expected one delivery, received ${received.join(', ')}`);

await fetchAsHost();
expectUntouched('at the end');
const after = globalThis[dispatcherSymbol];
if (after === undefined) throw new Error('fetch has no dispatcher under the known symbol');

// Imported last: on Node.js 20 this very import could replace what is tested here.
const { Agent } = await import('undici');
if (hostCase === 'own-dispatcher') {
  if (dispatched.join() !== 'GET /from-the-host')
    throw new Error(`expected only the request of the host on its dispatcher, got ${dispatched.join(', ')}`);
} else if (after instanceof Agent) {
  throw new Error('fetch of the host runs on the undici of this package');
}
server.close();
server.closeAllConnections();
