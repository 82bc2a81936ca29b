import assert from 'node:assert/strict';
import { LEASE_MS, leaseOf } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

export const leaseCases: readonly SuiteCase[] = [
  {
    name: 'prolongs leases from now on',
    async run(world) {
      await world.emitOne('ep');
      const leased = await world.claimOne();
      for (let round = 0; round < 4; round += 1) {
        await world.advance(LEASE_MS - 10_000);
        assert.deepEqual(await world.store.renew({ leases: [leaseOf(leased)], leaseMs: LEASE_MS }), []);
        assert.deepEqual((await world.claim()).rescued, []);
      }
      await world.advance(LEASE_MS + 1_000);
      assert.equal((await world.claim()).rescued.length, 1);
    },
  },
  {
    name: 'rescues the leases that were not renewed, and no others',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await world.advance(LEASE_MS - 10_000);
      await world.store.renew({ leases: [leaseOf(leased[0]!), leaseOf(leased[2]!)], leaseMs: LEASE_MS });
      await world.advance(20_000);
      assert.deepEqual(
        (await world.claim()).rescued.map(({ id }) => id),
        [leased[1]!.id],
      );
    },
  },
  {
    name: 'names the leases that are no longer held',
    async run(world) {
      await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      const leases = [
        leaseOf(leased[0]!),
        leaseOf(leased[1]!),
        { ...leaseOf(leased[1]!), lease: 'another' },
        { ...leaseOf(leased[1]!), deliveryId: 'dlv_unknown' },
      ];
      const lost = await world.store.renew({ leases, leaseMs: LEASE_MS });
      const keys = (all: typeof lost): string[] => all.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(keys(lost), keys([leases[0]!, leases[2]!, leases[3]!]));
    },
  },
  {
    name: 'renews a lease that is past its time and was not rescued',
    async run(world) {
      await world.emitOne('ep');
      const leased = await world.claimOne();
      await world.advance(LEASE_MS + 1_000);
      assert.deepEqual(await world.store.renew({ leases: [leaseOf(leased)], leaseMs: LEASE_MS }), []);
      assert.deepEqual((await world.claim()).rescued, []);
    },
  },
  {
    name: 'hands a lease back as if the attempt had never begun',
    async run(world) {
      const id = await world.emitOne('ep');
      const before = await world.read(id);
      const leased = await world.claimOne();
      const released = await world.store.release({ leases: [leaseOf(leased)] });
      assert.deepEqual(released, [{ kind: 'settled', state: 'scheduled', reason: undefined }]);
      const after = await world.read(id);
      assert.deepEqual({ ...after, dueAt: 0 }, { ...before, dueAt: 0 });
      assert.deepEqual(await world.attempts(id), []);
      assert.equal((await world.claimOne()).attempts, 1);
    },
  },
  {
    name: 'keeps earlier attempts when a lease is handed back',
    async run(world) {
      const id = await world.emitOne('ep');
      const first = await world.claimOne();
      await world.retryIn(first, 0);
      await world.store.release({ leases: [leaseOf(await world.claimOne())] });
      const stored = await world.read(id);
      assert.deepEqual([stored.attempts, stored.firstAttemptAt], [1, first.firstAttemptAt]);
      assert.equal((await world.claimOne()).attempts, 2);
    },
  },
  {
    name: 'makes released deliveries due now, for any handle',
    async run(world) {
      await world.emit(['ep', 'ep_2']);
      const { leased } = await world.claim();
      await world.store.release({ leases: leased.map(leaseOf) });
      const other = await world.second();
      assert.equal((await world.claim({}, other)).leased.length, 2);
    },
  },
  {
    name: 'releases only under the lease, each delivery for itself',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      const foreign = { ...leaseOf(leased[1]!), lease: 'another' };
      const results = await world.store.release({
        leases: [leaseOf(leased[0]!), foreign, leaseOf(leased[2]!)],
      });
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['lost', 'lost', 'settled'],
      );
      const states = await Promise.all(leased.map(async ({ id }) => (await world.read(id)).state));
      assert.deepEqual(states, ['succeeded', 'sending', 'scheduled']);
    },
  },
  {
    name: 'discards a released delivery that was cancelled, and says so',
    async run(world) {
      const id = await world.emitOne('ep');
      const leased = await world.claimOne();
      await world.store.reschedule({ where: {}, to: 'discarded', reason: 'endpoint_disabled', limit: 1 });
      assert.deepEqual(await world.store.release({ leases: [leaseOf(leased)] }), [
        { kind: 'settled', state: 'discarded', reason: 'endpoint_disabled' },
      ]);
      const stored = await world.read(id);
      assert.deepEqual([stored.state, stored.reason, stored.attempts], ['discarded', 'endpoint_disabled', 0]);
    },
  },
];
