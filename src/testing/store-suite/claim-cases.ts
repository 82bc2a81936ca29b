import assert from 'node:assert/strict';
import type { LeasedDelivery } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import { assertAbout, LEASE_MS } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const count = (leased: readonly LeasedDelivery[], endpointId: string): number =>
  leased.filter((one) => one.endpointId === endpointId).length;

/** A lane with far more work than all the others, and older. */
async function fillHotLane(world: StoreWorld, deliveries: number): Promise<void> {
  for (let left = deliveries; left > 0; left -= 1_000) {
    await world.emit(Array.from({ length: Math.min(left, 1_000) }, () => 'ep_hot'));
  }
}

export const claimCases: readonly SuiteCase[] = [
  {
    name: 'leases due deliveries with all that an attempt needs',
    async run(world) {
      const entry = world.entry([world.delivery('ep')], {
        metadata: { a: 'b' },
        orderingKey: 'key',
        tenant: 'acme',
      });
      await world.append([entry]);
      const leased = await world.claimOne({ lease: 'token-7' });
      const { message, firstAttemptAt, ...rest } = leased;
      const { fingerprint, ...expected } = entry.message;
      assert.equal(fingerprint, undefined);
      assert.deepEqual({ ...message }, expected);
      const counters = { attempts: 1, attemptsBeforeRun: 0, rescues: 0, faults: 0 };
      assert.deepEqual(rest, {
        id: entry.deliveries[0]!.id,
        lease: 'token-7',
        endpointId: 'ep',
        laneId: 'ep',
        ordered: false,
        counted: false,
        probe: false,
        ...counters,
      });
      const stored = await world.read(leased.id);
      assert.deepEqual(
        [stored.state, stored.attempts, stored.firstAttemptAt],
        ['sending', 1, firstAttemptAt],
      );
    },
  },
  {
    name: 'leases all of a call under its token',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep_2', 'ep_2']);
      const first = await world.claim({ limit: 3, lease: 'token-1' });
      const second = await world.claim({ lease: 'token-2' });
      const tokens = [...first.leased, ...second.leased].map(({ lease }) => lease);
      assert.deepEqual(tokens, ['token-1', 'token-1', 'token-1', 'token-2']);
    },
  },
  {
    name: 'leases without the reason that the last attempt ended with',
    async run(world) {
      await world.emitOne('ep');
      await world.retryIn(await world.claimOne(), 0);
      const { id } = await world.claimOne();
      const stored = await world.read(id);
      assert.deepEqual([stored.state, stored.attempts, stored.reason], ['sending', 2, undefined]);
    },
  },
  {
    name: 'never leases a delivery that is leased',
    async run(world) {
      await world.emit(['ep', 'ep']);
      const other = await world.second();
      assert.equal((await world.claim({ limit: 1 })).leased.length, 1);
      assert.equal((await world.claim({}, other)).leased.length, 1);
      assert.deepEqual((await world.claim()).leased, []);
      assert.deepEqual((await world.claim({}, other)).leased, []);
    },
  },
  {
    name: 'never gives a delivery to two handles that claim at the same time',
    async run(world) {
      const stores = [world.store, await world.second()];
      const emitted = await world.emit(Array.from({ length: 200 }, (_, index) => `ep_${index % 7}`));
      const claimed: string[] = [];
      for (let round = 0; claimed.length < emitted.length; round += 1) {
        assert.ok(round < 50, `all are claimed in the end, got ${claimed.length} of ${emitted.length}`);
        const results = await Promise.all(
          [...stores, ...stores].map((store) => world.claim({ limit: 9 }, store)),
        );
        for (const { leased } of results) claimed.push(...leased.map(({ id }) => id));
      }
      assert.deepEqual(claimed.sort(), emitted.sort());
    },
  },
  {
    name: 'does not lease before the due time',
    async run(world) {
      await world.emitOne('ep');
      await world.retryIn(await world.claimOne(), 300_000);
      const early = await world.claim();
      assert.deepEqual(early.leased, []);
      assertAbout(early.nextDueMs, 300_000);
      assertAbout(early.nextOpenMs, 300_000);
      await world.advance(290_000);
      assert.deepEqual(await world.claimIds(), []);
      await world.advance(11_000);
      assert.equal((await world.claimOne()).attempts, 2);
    },
  },
  {
    name: 'takes the deliveries of a lane by due time, then in the order of creation',
    async run(world) {
      const [first, second, third] = await world.emit(['ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      assert.deepEqual(
        leased.map(({ id }) => id),
        [first, second, third],
      );
      await world.retryIn(leased[0]!, 90_000);
      await world.retryIn(leased[1]!, 30_000);
      await world.retryIn(leased[2]!, 60_000);
      await world.advance(100_000);
      const fourth = await world.emitOne('ep');
      assert.deepEqual(await world.claimIds(), [second, third, first, fourth]);
    },
  },
  {
    name: 'leases at most the limit, and says that more is due',
    async run(world) {
      await world.emit(['ep', 'ep_2', 'ep', 'ep_2', 'ep']);
      const first = await world.claim({ limit: 4 });
      assert.equal(first.leased.length, 4);
      assert.deepEqual([first.nextDueMs, first.nextOpenMs], [0, 0]);
      assert.equal((await world.claim({ limit: 4 })).leased.length, 1);
    },
  },
  {
    name: 'leases at most the free slots of a lane',
    async run(world) {
      await world.emit(Array.from({ length: 30 }, (_, index) => `ep_${index % 3}`));
      const freeSlots = new Map([
        ['ep_0', 4],
        ['ep_1', 0],
      ]);
      const { leased } = await world.claim({ perLane: 2, freeSlots });
      assert.deepEqual(
        ['ep_0', 'ep_1', 'ep_2'].map((id) => count(leased, id)),
        [4, 0, 2],
      );
    },
  },
  {
    name: 'counts lanes without free slots as due, not as open',
    async run(world) {
      await world.emit(['ep_full', 'ep_full', 'ep_full', 'ep_later']);
      const later = (await world.claim({ freeSlots: new Map([['ep_full', 0]]) })).leased;
      assert.equal(later.length, 1);
      await world.retryIn(later[0]!, 30_000);
      const result = await world.claim({ freeSlots: new Map([['ep_full', 1]]) });
      assert.equal(result.leased.length, 1);
      assert.equal(result.nextDueMs, 0);
      assertAbout(result.nextOpenMs, 30_000);
    },
  },
  {
    name: 'counts lanes without free slots that are due later in the same way',
    async run(world) {
      await world.emit(['ep_full', 'ep_later']);
      const { leased } = await world.claim();
      for (const one of leased) await world.retryIn(one, one.endpointId === 'ep_full' ? 10_000 : 30_000);
      const full = await world.claim({ freeSlots: new Map([['ep_full', 0]]) });
      assertAbout(full.nextDueMs, 10_000);
      assertAbout(full.nextOpenMs, 30_000);
      const open = await world.claim();
      assertAbout(open.nextOpenMs, 10_000);
    },
  },
  {
    name: 'says that nothing waits when nothing does',
    async run(world) {
      const empty = await world.claim();
      assert.deepEqual(empty, { leased: [], rescued: [], nextDueMs: undefined, nextOpenMs: undefined });
      await world.emitOne('ep');
      await world.succeed(await world.claimOne());
      assert.equal((await world.claim()).nextDueMs, undefined);
    },
  },
  {
    name: 'says when the first lease runs out',
    async run(world) {
      await world.emit(['ep', 'ep']);
      const { nextDueMs, nextOpenMs } = await world.claim();
      assertAbout(nextDueMs, LEASE_MS);
      assertAbout(nextOpenMs, LEASE_MS);
    },
  },
  {
    name: 'serves all lanes beside one with ten thousand older deliveries',
    async run(world) {
      await fillHotLane(world, 10_000);
      const quiet = Array.from({ length: 40 }, (_, index) => `ep_quiet_${index}`);
      await world.emit(quiet);
      const { leased } = await world.claim({ limit: 100 });
      const served = new Set(leased.map(({ endpointId }) => endpointId));
      for (const id of quiet) assert.ok(served.has(id), `${id} has its turn in the first claim`);
      assert.equal(leased.length, 100, 'the room that is left goes to the busy lane');
      assert.equal((await world.claim({ limit: 100 })).leased.length, 100);
    },
  },
  {
    name: 'goes on with the lane whose turn it is',
    async run(world) {
      await world.emit([...Array.from({ length: 20 }, () => 'ep_hot'), 'ep_1', 'ep_2', 'ep_3']);
      const served = new Set<string>();
      for (let round = 0; round < 8; round += 1) served.add((await world.claimOne({ limit: 1 })).endpointId);
      assert.deepEqual([...served].sort(), ['ep_1', 'ep_2', 'ep_3', 'ep_hot']);
    },
  },
];
