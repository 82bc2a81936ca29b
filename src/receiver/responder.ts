/**
 * What every handler does, whatever the framework: read, verify, deduplicate, handle, answer. Nothing that a sender sends, and
 * nothing that the application throws, leaves it as an exception.
 */
import { systemClock } from '../clock.ts';
import { catchRejection } from '../core/catch-rejection.ts';
import { describeValue } from '../core/describe-value.ts';
import { OptionsError } from '../errors.ts';
import type { RawBody } from './body-bytes.ts';
import { tokenOf } from './challenge.ts';
import { MISSING_ID } from './identity.ts';
import { type ResolvedHandler, resolveHandler, type WebhookHandlerOptions } from './handler-options.ts';
import type { MessageOf } from './message.ts';
import { type Refusal, refuse, REFUSAL_STATUS } from './refusal.ts';
import { readHeaders, type WebhookHeaders } from './request-headers.ts';
import { createWebhookVerifier, type WebhookVerifier } from './verify-webhook.ts';

/** An answer in the words of HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A few words; nothing of an error. Empty with 204. */
  readonly text: string;
}

/** A request as a framework presents it. */
export interface IncomingWebhook {
  readonly method: string | undefined;
  readonly headers: WebhookHeaders;
  /** Reads the body, at most so many bytes of it. May reject: with the receiver's own mistake. */
  readBody(maxBytes: number): Promise<RawBody | Refusal>;
}

/** Answers requests; never rejects. */
export type Responder = (request: IncomingWebhook) => Promise<Answer>;

/** @throws OptionsError */
export function createResponder<Events extends object>(options: WebhookHandlerOptions<Events>): Responder {
  const resolved = resolveHandler(options);
  const verify = createWebhookVerifier<Events>(resolved.verify);
  return async (request) => {
    try {
      const message = await accept(request, resolved, verify);
      if ('reason' in message) return refusalAnswer(resolved, message);
      const token = tokenOf(message, readHeaders(request.headers));
      if (token !== undefined) return answer(200, token);
      if (resolved.deduplicate !== undefined && message.id === undefined)
        return refusalAnswer(resolved, refuse('missing_id', MISSING_ID));
      return await deliver(message, resolved);
    } catch (error) {
      report(resolved, error);
      return FAILED;
    }
  };
}

async function accept<Events extends object>(
  request: IncomingWebhook,
  { maxBodyBytes }: ResolvedHandler<Events>,
  verify: WebhookVerifier<Events>,
): Promise<MessageOf<Events> | Refusal> {
  if (request.method !== 'POST') return refuse('wrong_method', 'webhooks are sent by POST');
  const body = await request.readBody(maxBodyBytes);
  if (typeof body === 'object' && 'reason' in body) return body;
  const result = await verify(body, request.headers);
  return result.ok ? result.message : result;
}

async function deliver<Events extends object>(
  message: MessageOf<Events>,
  handler: ResolvedHandler<Events>,
): Promise<Answer> {
  const { deduplicate, respondFirst } = handler;
  const accepted = answer(handler.acceptedStatus, '');
  if (deduplicate !== undefined) {
    const state = await deduplicate.store.begin(message.id!, deduplicate.holdMs);
    if (state === 'done') return accepted;
    if (state === 'running') return RUNNING;
    if (state !== 'new')
      throw new OptionsError(
        'deduplicate.store',
        `deduplicate.store: expected begin to answer "new", "running" or "done", got ${describeValue(state)}.`,
      );
  }
  if (respondFirst === false) return (await run(message, handler)) ? accepted : FAILED;
  // Not in this turn: work that blocks would hold up the answer.
  const work = new Promise<void>((resolve) => {
    systemClock.setTimer(() => void run(message, handler).then(() => resolve()), 0, true);
  });
  if (respondFirst !== true) quietly(handler, () => respondFirst(work));
  return accepted;
}

/** Whether the work was done. Never rejects. */
async function run<Events extends object>(
  message: MessageOf<Events>,
  handler: ResolvedHandler<Events>,
): Promise<boolean> {
  const { deduplicate } = handler;
  const isDone = await settle(handler, () => handler.handle(message));
  // A store that fails here changes nothing about the work; its id is held until it expires.
  await settle(handler, () =>
    isDone
      ? deduplicate?.store.finish(message.id!, deduplicate.keepMs)
      : deduplicate?.store.forget(message.id!),
  );
  return isDone;
}

async function settle<Events extends object>(
  handler: ResolvedHandler<Events>,
  work: () => unknown,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    report(handler, error);
    return false;
  }
}

type Reporting = Pick<ResolvedHandler<never>, 'onError' | 'onRefused'>;

function report({ onError }: Pick<Reporting, 'onError'>, error: unknown): void {
  try {
    // There is nobody left to tell.
    catchRejection(onError(error), () => {});
  } catch {
    // Nor here.
  }
}

/** Calls a function of the application whose failure must not change the answer. */
function quietly(handler: Pick<Reporting, 'onError'>, call: () => unknown): void {
  try {
    catchRejection(call(), (error) => report(handler, error));
  } catch (error) {
    report(handler, error);
  }
}

function refusalAnswer(handler: Reporting, refusal: Refusal): Answer {
  quietly(handler, () => handler.onRefused?.(refusal));
  const status = REFUSAL_STATUS[refusal.reason];
  return answer(status, TEXTS[status]!, status === 405 ? { allow: 'POST' } : {});
}

function answer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, text, headers: text === '' ? headers : { ...headers, 'content-type': 'text/plain' } };
}

/** What the world may know about a refusal. */
const TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  405: 'Method not allowed',
  413: 'Content too large',
};
/** Not 503: with that a sender may hold up all messages, and only this one has to wait. */
const RUNNING = answer(409, 'Being handled');
const FAILED = answer(500, 'Failed');
