/** Three ways in which a store can be wrong. The matrix must go red on each of them. */
import { FlushGroup } from '../../src/store/file/journal/flush-group.ts';
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

/** A journal that counts what can be read of a flush that was cut off: a message may be kept without its deliveries. */
export function keepTornTails(): void {
  FlushGroup.prototype.finish = function (end) {
    this.complete(end);
    return undefined;
  };
}

type AppendParams = Parameters<Store['append']>[0];

function withoutLeases(params: AppendParams): AppendParams {
  const entries = params.entries.map((entry) => ({
    ...entry,
    deliveries: entry.deliveries.map((delivery) => ({ ...delivery, lease: undefined })),
  }));
  return { ...params, entries };
}
