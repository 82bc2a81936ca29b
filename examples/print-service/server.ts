/** The API of the service: `POST /api/submit-print`, `GET /api/jobs/{id}`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { JobInput } from './job.ts';
import type { PrintService } from './print-service.ts';

export function createPrintServer(service: PrintService): Server {
  return createServer((request, response) => {
    answer(service, request, response).catch((error: unknown) =>
      reply(response, 400, { error: String(error) }),
    );
  });
}

async function answer(
  service: PrintService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'POST' && request.url === '/api/submit-print') {
    const { id } = service.submit((await readJson(request)) as JobInput);
    reply(response, 202, { success: true, job_id: id });
    return;
  }
  const [, id] = /^\/api\/jobs\/([^/]+)$/.exec(request.url ?? '') ?? [];
  const job = id === undefined ? undefined : service.get(decodeURIComponent(id));
  if (job === undefined) reply(response, 404, { error: 'Not found' });
  else reply(response, 200, job);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
