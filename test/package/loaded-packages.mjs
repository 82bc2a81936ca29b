// Imports an entry in a process that records every module it loads, and names the packages they belong to.
// Everything but these must wait until it is used: an optional package may be absent, and undici replaces the
// dispatcher behind the host's fetch if it is loaded at the wrong moment.
import { register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

// The kit for receivers also runs where there is no Node.js, so it may not load anything of it either.
const allowed = new Set(
  { 'posthorn/receiver': ['posthorn'] }[process.argv[2]] ?? [
    'posthorn',
    'eventemitter3',
    'tinyqueue',
    'zod',
    'node:',
  ],
);

const hooks = `
  let port;
  export function initialize(data) { port = data.port; }
  export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;
const { port1, port2 } = new MessageChannel();
const urls = [];
port1.on('message', (url) => urls.push(url));
port1.unref();
register(`data:text/javascript,${encodeURIComponent(hooks)}`, import.meta.url, {
  data: { port: port2 },
  transferList: [port2],
});

await import(process.argv[2]);
await new Promise((resolve) => setImmediate(resolve));

const packages = new Set();
for (const url of urls) {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (name !== undefined) packages.add(name);
  if (url.startsWith('node:')) packages.add('node:');
}
if (!packages.has('posthorn')) throw new Error('recorded no module of the package itself');
const unexpected = [...packages].filter((name) => !allowed.has(name));
if (unexpected.length > 0) throw new Error(`importing ${process.argv[2]} loaded ${unexpected.join(', ')}`);
console.log([...packages].sort().join(', '));
