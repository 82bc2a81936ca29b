/** What handlers are told: how to verify, what to do with a message, and how to answer. */
import {
  expectInteger,
  expectKnownKeys,
  expectNumber,
  expectObject,
  unexpected,
} from '../core/expect-value.ts';
import type { MessageOf } from './message.ts';
import type { Refusal } from './refusal.ts';
import type { SeenStore } from './seen-store.ts';
import { resolveVerification, VERIFY_OPTION_NAMES, type VerifyWebhookOptions } from './verify-options.ts';

/** Options of the handlers: those of `verifyWebhook`, and what to do with a message. */
export interface WebhookHandlerOptions<Events extends object = Record<string, unknown>> extends Omit<
  VerifyWebhookOptions,
  'seen'
> {
  /**
   * Does the work. The answer is 204 (`acceptedStatus`) when it is done, 500 when it throws or rejects, so that the sender tries again. Senders wait
   * for an answer only so long, Posthorn 15 s: for slow work put the message into a queue of yours, or see `respondFirst`. A challenge
   * of the sender (`posthorn.endpoint.challenge`) is answered without it, whatever the `envelope`.
   */
  readonly handle: (message: MessageOf<Events>) => unknown;
  /**
   * Told what `handle` threw, and any other trouble of the receiver: a dedup store that failed, a body that was parsed before it
   * could be verified. Such requests are answered 500, and nothing of the error is sent. What it throws itself is lost.
   */
  readonly onError: (error: unknown) => unknown;
  /** Told about each request that was refused, for logs and counters: the sender only learns the status. Default: nobody is. */
  readonly onRefused?: (refusal: Refusal) => unknown;
  /**
   * Handles each message once, by its id: a repetition is answered 204 (`acceptedStatus`) at once when it was handled, and 409 while it is being
   * handled. Default: a message that comes twice is handled twice.
   */
  readonly deduplicate?: DeduplicateOptions;
  /**
   * Answers first, and calls `handle` afterwards. Then a message is lost when `handle` fails or the process ends: the
   * sender was told that all is well. A function is given the promise of the work, which never rejects: `waitUntil` or `after`
   * of a runtime that would stop otherwise. Default false.
   */
  readonly respondFirst?: boolean | ((work: Promise<void>) => unknown);
  /** Status of the answer when a message is handled, now or before, for senders that take one status alone for a success. 200 to 299. Default 204. */
  readonly acceptedStatus?: number;
  /** Longest body that is read, in bytes. Default 1048576 (1 MiB). Longer ones are answered 413. `Infinity` reads any. */
  readonly maxBodyBytes?: number;
}

/** How repetitions are recognised. */
export interface DeduplicateOptions {
  /** Where ids are remembered: `memorySeenStore()`, or one of yours on a database that all processes share. */
  readonly store: SeenStore;
  /**
   * How long the id of a handled message is remembered, ms. Default 259200000 (3 days), longer than the sender tries by default;
   * at most a year.
   */
  readonly keepMs?: number;
  /**
   * How long `handle` may take before its process is taken for dead, ms: after that the message is handled by whoever gets it
   * next. Default 300000 (5 min); at most a year.
   */
  readonly holdMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_KEEP_MS = 3 * DAY_MS;
const DEFAULT_HOLD_MS = 5 * 60 * 1000;
const MAX_REMEMBERED_MS = 365 * DAY_MS;
const DEFAULT_ACCEPTED_STATUS = 204;
const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;

/** Options with nothing missing, those of verification apart. */
export type ResolvedHandler<Events extends object> = Required<
  Pick<
    WebhookHandlerOptions<Events>,
    'handle' | 'onError' | 'respondFirst' | 'acceptedStatus' | 'maxBodyBytes'
  >
> & {
  readonly onRefused: WebhookHandlerOptions['onRefused'];
  readonly deduplicate: Required<DeduplicateOptions> | undefined;
  readonly verify: VerifyWebhookOptions;
};

const HANDLER_OPTION_NAMES = [
  'handle',
  'onError',
  'onRefused',
  'deduplicate',
  'respondFirst',
  'acceptedStatus',
  'maxBodyBytes',
] as const satisfies readonly (keyof WebhookHandlerOptions)[];

/** @throws OptionsError */
export function resolveHandler<Events extends object>(
  options: WebhookHandlerOptions<Events>,
): ResolvedHandler<Events> {
  const known = [...VERIFY_OPTION_NAMES.filter((name) => name !== 'seen'), ...HANDLER_OPTION_NAMES];
  expectKnownKeys(
    expectObject(options, 'options', 'an object with handle and a secret or public key'),
    '',
    known,
  );
  const { handle, onError, onRefused, deduplicate, respondFirst = false, ...others } = options;
  const { acceptedStatus = DEFAULT_ACCEPTED_STATUS, maxBodyBytes, ...verify } = others;
  // First what everybody has to give.
  resolveVerification(verify);
  for (const [name, value] of Object.entries({ handle, onError }))
    if (typeof value !== 'function') throw unexpected(name, 'a function', value);
  if (onRefused !== undefined && typeof onRefused !== 'function')
    throw unexpected('onRefused', 'a function', onRefused);
  if (typeof respondFirst !== 'boolean' && typeof respondFirst !== 'function')
    throw unexpected('respondFirst', 'true, false, or a function that is given the work', respondFirst);
  return {
    handle,
    onError,
    onRefused,
    respondFirst,
    deduplicate: deduplicate === undefined ? undefined : resolveDeduplicate(deduplicate),
    acceptedStatus: expectInteger(acceptedStatus, 'acceptedStatus', 200, 299),
    maxBodyBytes: expectNumber(maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES, 'maxBodyBytes', 0, Infinity),
    verify,
  };
}

function resolveDeduplicate(options: DeduplicateOptions): Required<DeduplicateOptions> {
  const path = 'deduplicate';
  expectKnownKeys(expectObject(options, path, 'an object such as { store: memorySeenStore() }'), path, [
    'store',
    'keepMs',
    'holdMs',
  ]);
  const { store, keepMs = DEFAULT_KEEP_MS, holdMs = DEFAULT_HOLD_MS } = options;
  const given = expectObject(store, `${path}.store`, 'a store with begin, finish and forget');
  const isStore = ['begin', 'finish', 'forget'].every((method) => typeof given[method] === 'function');
  if (!isStore) throw unexpected(`${path}.store`, 'a store with begin, finish and forget', store);
  return {
    store,
    keepMs: expectInteger(keepMs, `${path}.keepMs`, 1, MAX_REMEMBERED_MS),
    holdMs: expectInteger(holdMs, `${path}.holdMs`, 1, MAX_REMEMBERED_MS),
  };
}
