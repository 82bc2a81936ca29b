import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';

const NONE = { scheduled: 0, sending: 0, succeeded: 0, exhausted: 0, discarded: 0, failed: 0 };

export const statsCases: readonly SuiteCase[] = [
  {
    name: 'counts nothing in an empty store',
    async run(world) {
      assert.deepEqual(await world.store.stats({ where: {} }), { byState: NONE, waitingForRetry: 0 });
    },
  },
  {
    name: 'counts deliveries by state, and those that wait for a retry',
    async run(world) {
      await world.emit(Array.from({ length: 6 }, () => 'ep'));
      const { leased } = await world.claim({ limit: 4 });
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      await world.retryIn(leased[2]!, 60_000);
      await world.append([
        world.entry([world.delivery('ep', { state: 'discarded', reason: 'endpoint_disabled' })]),
      ]);
      assert.deepEqual(await world.store.stats({ where: {} }), {
        byState: { ...NONE, scheduled: 3, sending: 1, succeeded: 1, exhausted: 1, discarded: 1 },
        waitingForRetry: 1,
      });
    },
  },
  {
    name: 'counts by endpoint, tenant and time of creation',
    async run(world) {
      await world.append([world.entry([world.delivery('ep_1'), world.delivery('ep_2')], { tenant: 'acme' })]);
      await world.advance(60_000);
      const [late] = await world.emit(['ep_1', 'ep_1']);
      const { createdAt } = await world.read(late!);
      const scheduled = async (where: Parameters<typeof world.store.stats>[0]['where']): Promise<number> =>
        (await world.store.stats({ where })).byState.scheduled;
      assert.equal(await scheduled({ endpointId: 'ep_1' }), 3);
      assert.equal(await scheduled({ tenant: 'acme' }), 2);
      assert.equal(await scheduled({ tenant: 'acme', endpointId: 'ep_1' }), 1);
      assert.equal(await scheduled({ since: createdAt }), 2);
      assert.equal(await scheduled({ until: createdAt }), 2);
      assert.equal(await scheduled({ endpointId: 'unknown' }), 0);
    },
  },
];
