import { describeError } from '../errors.ts';
import { createWebhookClient } from '../http/index.ts';
import { CALL_TIMEOUT_MS, openLocalSession, type OpenedSession } from './open-local-session.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import { type PlaceFlags, readPlace } from './place.ts';
import type { OpenOptions } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Opens what the options and the environment name. @throws CliError, OptionsError or StoreError when it cannot be opened */
export async function openSession(
  flags: PlaceFlags,
  terminal: Terminal,
  options: OpenOptions,
): Promise<OpenedSession> {
  const place = readPlace(flags, terminal.env, terminal.folder);
  if (place.kind === 'store') return openLocalSession({ flags, place: place.store, terminal, ...options });
  for (const [name, value] of [
    ['--tenant', flags.tenant],
    ['--config', flags.config],
    ['--allow-private', flags.allowPrivate],
  ] as const)
    if (value !== undefined)
      throw new CliError(
        EXIT_CODE.wrongUse,
        `${name} goes with a store; over --url the application decides that by its own options and by the token.`,
      );
  const client = createWebhookClient({
    baseUrl: place.url,
    apiKey: place.token,
    timeoutMs: CALL_TIMEOUT_MS,
    fetch: async (request) => {
      const response = await fetch(request).catch((error: unknown) => {
        throw new CliError(EXIT_CODE.unavailable, `Cannot reach ${place.text}: ${reasonOf(error)}.`);
      });
      if (response.status === 404) expectApiAt(request.url);
      return response;
    },
  });
  return { session: { client, local: undefined }, close: () => Promise.resolve() };
}

/** The list of webhooks is always there: what is not, is the API. @throws CliError */
function expectApiAt(called: string): void {
  const { origin, pathname } = new URL(called);
  if (!pathname.endsWith('/webhooks')) return;
  const advice = pathname.endsWith('/webhooks/webhooks')
    ? `--url is what stands in front of /webhooks: ${origin}${pathname.slice(0, -'/webhooks/webhooks'.length)}`
    : `--url is the address of the application with the base path of the API, as in ${origin}/api`;
  throw new CliError(
    EXIT_CODE.unavailable,
    `There is no webhook API at ${origin}${pathname}: it answers 404. ${advice}`,
  );
}

/** What went wrong on the network, `fetch` says in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } | undefined };
  return typeof cause?.code === 'string' ? cause.code : describeError(cause ?? error);
}
