import type { Store } from '../../../src/store/store.ts';

/** All that a store tells of what it holds. */
export async function snapshot(store: Store): Promise<Record<string, unknown>> {
  const page = { where: {}, limit: 10_000 } as const;
  const endpoints = (await store.endpoints.list({ limit: 10_000 })).items;
  return {
    messages: (await store.list({ of: 'messages', ...page })).items,
    deliveries: (await store.list({ of: 'deliveries', ...page, order: 'oldest' })).items,
    attempts: (await store.list({ of: 'attempts', ...page })).items,
    endpoints,
    stats: await store.stats({ where: { since: 0 }, bucketMs: 60_000 }),
    setting: await store.settings.get({ key: 'key' }),
  };
}
