import { expect, it } from 'vitest';
import { LimitedRunner } from '../../../src/store/sql/limited-runner.ts';
import type { OperationName } from '../../../src/store/sql/operations.ts';
import type { Runner } from '../../../src/store/sql/runner.ts';
import { turn } from '../../support/world.ts';

/** A runner whose calls go on until they are told to end. */
class HeldRunner {
  readonly names: OperationName[] = [];
  readonly ends: (() => void)[] = [];

  async call(name: OperationName): Promise<void> {
    this.names.push(name);
    await new Promise<void>((resolve) => this.ends.push(resolve));
  }

  async close(): Promise<void> {}
}

it('lets delivery pass by any number of other calls, of which two are under way', async () => {
  const held = new HeldRunner();
  const runner = new LimitedRunner(held as unknown as Runner);
  const others = Array.from({ length: 500 }, () => runner.call('getDelivery', { id: 'dlv_1' }));
  const renewal = runner.call('renew', { leases: [], leaseMs: 1_000 });
  await turn();
  expect(held.names).toEqual(['renew', 'getDelivery', 'getDelivery']);
  held.ends[0]!();
  await renewal;
  for (let next = 1; next <= 500; next += 1) {
    await turn();
    held.ends[next]!();
  }
  await Promise.all(others);
  expect(held.names).toHaveLength(501);
});

it('goes on after a call that fails', async () => {
  const runner = new LimitedRunner({
    call: async () => {
      throw new TypeError('no');
    },
    close: async () => undefined,
  });
  const calls = Array.from({ length: 5 }, () => runner.call('getDelivery', { id: 'dlv_1' }));
  for (const result of await Promise.allSettled(calls)) expect(result.status).toBe('rejected');
});
