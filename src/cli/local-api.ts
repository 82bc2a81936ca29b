/** The API in this process, for a command that has the store itself: what fails there is told as it is, not as to a stranger. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { WebhookDispatcher } from '../dispatcher.ts';
import { type ErrorCode, PosthornError } from '../errors.ts';
import { createWebhookApi } from '../http/index.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';

/** What the API logs of a call that failed here. */
interface LoggedFailure {
  readonly reason?: ErrorCode;
  readonly cause: string;
}

/**
 * @param onFailure hears of it first: the client may try again
 * @returns rejects with what went wrong here, instead of an answer that keeps it from the caller
 */
export function createLocalApi(
  dispatcher: WebhookDispatcher,
  tenant: string | undefined,
  onFailure: (error: Error) => void,
): (call: Request) => Promise<Response> {
  // Only the log of the API has the cause; the storage says of which call.
  const calls = new AsyncLocalStorage<{ failure?: LoggedFailure }>();
  const api = createWebhookApi(dispatcher, {
    authorize: () => ({ id: 'cli', tenant, scopes: ['read', 'write', 'secrets'] }),
    rateLimits: { test: false, replay: false },
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields: object) => {
        const call = calls.getStore();
        if (call !== undefined) call.failure = fields as LoggedFailure;
      },
    },
  });
  return async (request) => {
    const call: { failure?: LoggedFailure } = {};
    const response = await calls.run(call, () => api.fetch(request));
    if (call.failure === undefined) return response;
    const { reason, cause } = call.failure;
    const error =
      reason === undefined ? new CliError(EXIT_CODE.unavailable, cause) : new PosthornError(reason, cause);
    onFailure(error);
    throw error;
  };
}
