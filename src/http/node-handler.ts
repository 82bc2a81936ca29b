/** From the requests of Node.js to those of the web, and back: for node:http, Express and Fastify. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import type { WebhookApi } from './webhook-api.ts';

/** Answers a request of Node.js. Never throws. */
export type NodeHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** What Express adds to a request. */
interface Mounted {
  /** The URL before a router took its part of it away. */
  readonly originalUrl?: string;
  /** What a body parser made of the body, which it has used up. */
  readonly body?: unknown;
}

/**
 * The API as a handler for `node:http` and Express: `http.createServer(toNodeHandler(api))`, `app.use(toNodeHandler(api))`.
 * `authorize` gets `{ incoming }`, the request of Node.js, as its second argument. A body that a parser of the application has read is taken
 * from `incoming.body`.
 */
export function toNodeHandler(api: WebhookApi): NodeHandler {
  return (incoming, outgoing) => {
    answer(api, incoming, outgoing).catch(() => refuse(outgoing));
  };
}

async function answer(api: WebhookApi, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const response = await api.fetch(toRequest(incoming), { incoming });
  const headers = Object.fromEntries(response.headers);
  // A body that nobody read stands in the way of the next request.
  outgoing.writeHead(response.status, incoming.complete ? headers : { ...headers, connection: 'close' });
  if (!incoming.complete) drain(incoming);
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

/** What cannot be a request of the web, such as a TRACE, and what cannot be answered any more. */
function refuse(outgoing: ServerResponse): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(400, { connection: 'close' }).end();
}

const BODILESS = new Set(['GET', 'HEAD']);

function toRequest(incoming: IncomingMessage & Mounted): Request {
  const { method = 'GET', url = '/', originalUrl = url, headers, socket } = incoming;
  const scheme = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
  const init: RequestInit & { duplex: 'half' } = { method, headers: toHeaders(headers), duplex: 'half' };
  if (!BODILESS.has(method)) init.body = bodyOf(incoming);
  return new Request(toUrl(originalUrl, `${scheme}://${headers.host ?? 'localhost'}`), init);
}

/** A path is never taken for a URL of its own, whatever it begins with; a host that is none does not matter here. */
function toUrl(path: string, origin: string): URL {
  const base = URL.canParse(origin) ? origin : 'http://localhost';
  return new URL(new URL(base).origin + (path.startsWith('/') ? path : `/${path}`));
}

function toHeaders(headers: IncomingMessage['headers']): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers))
    for (const each of [value ?? []].flat()) if (!name.startsWith(':')) result.append(name, each);
  return result;
}

function bodyOf(incoming: IncomingMessage & Mounted): NonNullable<RequestInit['body']> {
  const { body } = incoming;
  if (!incoming.readableEnded) return streamOf(incoming);
  if (body === undefined) return hasBody(incoming) ? takenBody() : '';
  return typeof body === 'string' || body instanceof Uint8Array
    ? (body as Uint8Array<ArrayBuffer>)
    : JSON.stringify(body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What never comes any more must not be waited for. */
function takenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) =>
      controller.error(
        new ApiError(
          'internal',
          'A parser in front of the API has read the body and left nothing of it. Mount the API before it; with Fastify, in a scope without parsers.',
        ),
      ),
  });
}

/** Read as it is asked for. What nobody asks for is let go, so that the answer can still be sent. */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on('data', (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.once('end', () => controller.close());
      incoming.once('error', (error) => controller.error(error));
      incoming.pause();
    },
    pull: () => void incoming.resume(),
    cancel: () => drain(incoming),
  });
}

/** Lets go of what is still to come: a sender that is not listening until all is sent would never see the answer. */
function drain(incoming: IncomingMessage): void {
  incoming.removeAllListeners('data').removeAllListeners('end');
  incoming.resume();
}
