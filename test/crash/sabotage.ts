/** Three ways in which a store can be wrong. The matrix must go red on each of them. */
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nodeFileLayer } from '../../src/store/file/file-layer.ts';
import type { Store } from '../../src/store/store.ts';
import { replaceCalls } from './watched-store.ts';

/** Answers at once, and writes in the next turns. */
export function resolveEarly(store: Store): Store {
  return replaceCalls(store, {
    async append(params) {
      setTimeout(() => void store.append(withoutLeases(params)).catch(() => {}), 25);
      return params.entries.map(() => ({ kind: 'stored', leased: [] }) as const);
    },
  });
}

/** Writes an outcome whose lease is gone all the same: the delivery is scheduled again, whatever became of it. */
export function forgetFence(store: Store): Store {
  return replaceCalls(store, {
    async settle(params) {
      const results = await store.settle(params);
      const lost = params.settlements.filter((_, index) => results[index]!.kind === 'lost');
      const deliveryIds = lost.map(({ deliveryId }) => deliveryId);
      if (deliveryIds.length > 0)
        await store.reschedule({ where: { deliveryIds }, to: 'scheduled', limit: deliveryIds.length });
      return results;
    },
  });
}

/**
 * A journal that goes on behind a torn record instead of cutting it off: whoever reads it later stops there, and what follows
 * is gone.
 */
export function keepTornTails(): void {
  const { list, open } = nodeFileLayer;
  Object.assign(nodeFileLayer, {
    async list(directory: string) {
      const names = (await list(directory)).sort();
      const torn = names.findIndex((name) => isTorn(join(directory, name)));
      return torn < 0 ? names : names.filter((name, index) => index <= torn || !isSegment(name));
    },
    async open(...[path, how]: Parameters<typeof open>) {
      if (how === 'create') rmSync(path, { force: true });
      return open(path, how);
    },
  });
}

const isSegment = (name: string): boolean => /\d/.test(name);

function isTorn(path: string): boolean {
  return isSegment(basename(path)) && readFileSync(path).at(-1) !== LINE_FEED;
}

const LINE_FEED = 10;

type AppendParams = Parameters<Store['append']>[0];

function withoutLeases(params: AppendParams): AppendParams {
  const entries = params.entries.map((entry) => ({
    ...entry,
    deliveries: entry.deliveries.map((delivery) => ({ ...delivery, lease: undefined })),
  }));
  return { ...params, entries };
}
