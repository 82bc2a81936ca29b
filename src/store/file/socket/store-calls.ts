import type { Store } from '../../store.ts';

type Call = (params: never) => Promise<unknown>;

/** The names of the members that answer with a promise, with a prefix. */
type CallsOf<T, Prefix extends string = ''> = {
  [K in keyof T & string]: T[K] extends Call ? `${Prefix}${K}` : never;
}[keyof T & string];

/** The calls of a store that travel to the process that owns it, by name. */
export type StoreCall =
  | Exclude<CallsOf<Store>, 'open' | 'close'>
  | CallsOf<Store['endpoints'], 'endpoints.'>
  | CallsOf<Store['settings'], 'settings.'>;

/**
 * What becomes of a call whose answer was still to come when the owner died, so that nobody knows whether it was done.
 *
 * - `repeat`: it is made again with the next owner. Reads, and writes of which a second one changes nothing more: an
 *   answer of the second is as good as one of the first.
 * - `reject`: it fails with `store_owner_lost`. A second one could answer otherwise than the first (`duplicate`, `lost`,
 *   `conflict`), or lease more, and only the caller knows what that means to it. All these are fenced by ids, tokens or
 *   revisions, so the caller may repeat them, too.
 */
export const AFTER_OWNER_LOST: Readonly<Record<StoreCall, 'repeat' | 'reject'>> = {
  now: 'repeat',
  append: 'reject',
  claimFanOut: 'reject',
  completeFanOut: 'reject',
  claimDue: 'reject',
  settle: 'reject',
  renew: 'repeat',
  release: 'reject',
  getLane: 'repeat',
  putLane: 'repeat',
  getMessage: 'repeat',
  getDelivery: 'repeat',
  list: 'repeat',
  reschedule: 'reject',
  stats: 'repeat',
  prune: 'repeat',
  'endpoints.put': 'reject',
  'endpoints.get': 'repeat',
  'endpoints.list': 'repeat',
  'endpoints.remove': 'reject',
  'settings.get': 'repeat',
  'settings.put': 'repeat',
};

/** Whether a name that somebody sent is one of a call. */
export function isStoreCall(name: unknown): name is StoreCall {
  return typeof name === 'string' && Object.hasOwn(AFTER_OWNER_LOST, name);
}

/** Makes a call of a store, by name. Rejects with what the store throws, also where it throws at once. */
export async function callStore(store: Store, call: StoreCall, params: unknown): Promise<unknown> {
  const [member, group] = call.split('.').reverse() as [string, string?];
  const target = (group === undefined ? store : store[group as 'endpoints' | 'settings']) as unknown;
  return (target as Readonly<Record<string, (params: unknown) => Promise<unknown>>>)[member]!(params);
}

/** Who will hold what a call leases; `undefined` for calls that lease nothing to anybody by name. */
export function holderOf(call: StoreCall, params: unknown): string | undefined {
  if (call !== 'append' && call !== 'claimDue') return undefined;
  const { owner } = (params ?? {}) as { readonly owner?: unknown };
  return typeof owner === 'string' ? owner : undefined;
}
