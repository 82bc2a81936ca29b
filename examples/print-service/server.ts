/** The API of the service: `POST /api/submit-print`, `GET /api/jobs/{id}`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { InputError, readJobInput, toShownJob } from './job.ts';
import type { PrintService } from './print-service.ts';

export function createPrintServer(service: PrintService): Server {
  return createServer((request, response) => {
    answer(service, request, response).catch((error: unknown) => {
      if (error instanceof InputError) return reply(response, 400, { error: error.message });
      console.error(error);
      return reply(response, 500, { error: 'Internal error' });
    });
  });
}

async function answer(
  service: PrintService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'POST' && request.url === '/api/submit-print') {
    const input = readJobInput(await readJson(request));
    if (service.submit(input) !== undefined)
      return reply(response, 202, { success: true, job_id: input.job_id });
    return reply(response, 409, { error: `job_id: there is a job ${input.job_id} already` });
  }
  const [, id = ''] = /^\/api\/jobs\/([\w-]+)$/.exec(request.url ?? '') ?? [];
  const job = request.method === 'GET' ? service.get(id) : undefined;
  if (job === undefined) return reply(response, 404, { error: 'Not found' });
  return reply(response, 200, toShownJob(job));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  try {
    for await (const chunk of request.setEncoding('utf8')) if (text.length <= MAX_BODY_LENGTH) text += chunk;
    if (text.length <= MAX_BODY_LENGTH) return JSON.parse(text);
  } catch {
    // No JSON, or the connection was lost.
  }
  throw new InputError(`body: expected JSON of at most ${MAX_BODY_LENGTH} characters`);
}

const MAX_BODY_LENGTH = 64 * 1_024;

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
