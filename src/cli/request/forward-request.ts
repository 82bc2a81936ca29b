/** Sends a request on to a URL: its method, headers and body as they came. */
import type { Agent } from 'undici';
import { describeError } from '../../errors.ts';
import type { ReceivedRequest } from './received-request.ts';

/** What the URL answered. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  readonly durationMs: number;
}

export type Forwarded = ForwardedAnswer | { readonly failure: string };

export interface Forwarder {
  /** Never rejects. */
  send(request: ReceivedRequest): Promise<Forwarded>;
  /** Gives up what is on its way. */
  close(): Promise<void>;
}

/** Longest answer that is given back. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** They belong to a connection, and this is another one. */
const OF_CONNECTION = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-connection',
]);

export async function createForwarder(url: string): Promise<Forwarder> {
  const { Agent: UndiciAgent } = await import('undici');
  const agent = new UndiciAgent();
  return {
    async send(request) {
      try {
        return await send(agent, url, request);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        return { failure: code ?? describeError(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

async function send(
  agent: Agent,
  url: string,
  { method, rawHeaders, body }: ReceivedRequest,
): Promise<ForwardedAnswer> {
  const { request } = await import('undici');
  const startedAt = performance.now();
  const answer = await request(url, {
    dispatcher: agent,
    method,
    headers: rawHeaders.filter(([name]) => !OF_CONNECTION.has(name.toLowerCase())).flat(),
    body: body.length === 0 ? null : body,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return {
    status: answer.statusCode,
    headers: keepHeaders(answer.headers),
    body: Buffer.concat(chunks),
    durationMs: performance.now() - startedAt,
  };
}

function keepHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | readonly string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || OF_CONNECTION.has(name) ? [] : [[name, value] as const],
    ),
  );
}
