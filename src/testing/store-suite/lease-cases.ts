import assert from 'node:assert/strict';
import type { Lease, LeasedDelivery } from '../../store/store.ts';
import { LEASE_MS } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

const leaseOf = ({ id, lease }: LeasedDelivery): Lease => ({ deliveryId: id, lease });

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
        { deliveryId: leased[1]!.id, lease: 'another' },
        { deliveryId: 'dlv_unknown', lease: 'unknown' },
      ];
      const lost = await world.store.renew({ leases, leaseMs: LEASE_MS });
      assert.deepEqual([...lost].sort(), [leased[0]!.lease, 'another', 'unknown'].sort());
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
      await world.store.release({ leases: [leaseOf(leased)], refund: true });
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
      await world.store.release({ leases: [leaseOf(await world.claimOne())], refund: true });
      const stored = await world.read(id);
      assert.deepEqual([stored.attempts, stored.firstAttemptAt], [1, first.firstAttemptAt]);
      assert.equal((await world.claimOne()).attempts, 2);
    },
  },
  {
    name: 'keeps the attempt counted without a refund',
    async run(world) {
      const id = await world.emitOne('ep');
      await world.store.release({ leases: [leaseOf(await world.claimOne())], refund: false });
      const stored = await world.read(id);
      assert.deepEqual([stored.state, stored.attempts], ['scheduled', 1]);
      assert.equal((await world.claimOne()).attempts, 2);
    },
  },
  {
    name: 'makes released deliveries due now, for any handle',
    async run(world) {
      await world.emit(['ep', 'ep_2']);
      const { leased } = await world.claim();
      await world.store.release({ leases: leased.map(leaseOf), refund: true });
      const other = await world.second();
      assert.equal((await world.claim({}, other)).leased.length, 2);
    },
  },
  {
    name: 'releases only under the lease',
    async run(world) {
      await world.emit(['ep', 'ep_2']);
      const { leased } = await world.claim();
      await world.succeed(leased[0]!);
      const foreign = { deliveryId: leased[1]!.id, lease: 'another' };
      await world.store.release({ leases: [leaseOf(leased[0]!), foreign], refund: true });
      assert.deepEqual((await world.read(leased[0]!.id)).state, 'succeeded');
      assert.deepEqual((await world.read(leased[1]!.id)).state, 'sending');
    },
  },
  {
    name: 'discards a released delivery that was cancelled',
    async run(world) {
      const id = await world.emitOne('ep');
      const leased = await world.claimOne();
      await world.store.reschedule({ where: {}, to: 'discarded', reason: 'endpoint_disabled', limit: 1 });
      await world.store.release({ leases: [leaseOf(leased)], refund: true });
      const stored = await world.read(id);
      assert.deepEqual([stored.state, stored.reason, stored.attempts], ['discarded', 'endpoint_disabled', 0]);
    },
  },
];
