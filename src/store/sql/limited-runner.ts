import pLimit from 'p-limit';
import type { OperationName, ParamsOf, ResultOf } from './operations.ts';
import type { Runner } from './runner.ts';

/** Connections that may be busy at once with what is not delivery: a pool has five, unless it was told otherwise. */
const OTHERS_AT_ONCE = 2;

/** What delivery is made of, and hearing of changes. A dispatcher has one or two of each under way; leases run out while they wait. */
const OF_DELIVERY: ReadonlySet<OperationName> = new Set([
  'append',
  'claimFanOut',
  'completeFanOut',
  'claimDue',
  'settle',
  'renew',
  'release',
  'readChanges',
  'readNow',
]);

/**
 * Keeps connections of a pool free for delivery: an application that cancels, reads or changes a thousand things at once waits in line for a few
 * of them, and neither `emit` nor the renewal of leases waits behind it.
 */
export class LimitedRunner implements Runner {
  readonly #inner: Runner;
  readonly #others = pLimit(OTHERS_AT_ONCE);

  constructor(inner: Runner) {
    this.#inner = inner;
  }

  call<N extends OperationName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>> {
    const call = (): Promise<ResultOf<N>> => this.#inner.call(name, params);
    return OF_DELIVERY.has(name) ? call() : this.#others(call);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
