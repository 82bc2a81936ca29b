import assert from 'node:assert/strict';
import type { CompleteFanOutResult, FanOutClaim, NewDelivery } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import { LEASE_MS } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

/** Stores messages without deliveries; their ids. */
async function appendUnmatched(world: StoreWorld, count: number): Promise<string[]> {
  const entries = Array.from({ length: count }, () => ({ ...world.entry([]), fannedOut: false }));
  await world.append(entries);
  return entries.map(({ message }) => message.id);
}

/** Far more than calls that come at the same time need. */
const MAX_TRIES = 1_000;

/** Claims when it is its turn, and ends the turn at once. */
async function claim(world: StoreWorld, limit = 100, store = world.store): Promise<readonly FanOutClaim[]> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const lease = world.id('lease');
    const { claims, busy } = await store.claimFanOut({ limit, leaseMs: LEASE_MS, lease });
    if (busy) continue;
    await store.completeFanOut({ results: [], turn: lease });
    return claims;
  }
  return assert.fail('no turn ended');
}

function complete(
  world: StoreWorld,
  { message, lease }: FanOutClaim,
  deliveries: readonly NewDelivery[],
): Promise<readonly CompleteFanOutResult[]> {
  return world.store.completeFanOut({ results: [{ messageId: message.id, lease, deliveries }] });
}

const ids = (claims: readonly FanOutClaim[]): string[] => claims.map(({ message }) => message.id);

export const fanOutCases: readonly SuiteCase[] = [
  {
    name: 'leases messages that are not matched yet',
    async run(world) {
      const entry = { ...world.entry([], { metadata: { a: 1 }, tenant: 'acme' }), fannedOut: false };
      await world.append([entry, world.entry([])]);
      const claims = await claim(world);
      assert.deepEqual(ids(claims), [entry.message.id]);
      const { fingerprint, ...expected } = entry.message;
      assert.equal(fingerprint, undefined);
      assert.deepEqual({ ...claims[0]!.message }, expected);
      assert.equal((await world.store.getMessage({ id: entry.message.id }))?.fannedOut, false);
    },
  },
  {
    name: 'leases all messages of a call under its token',
    async run(world) {
      await appendUnmatched(world, 3);
      const { claims } = await world.store.claimFanOut({ limit: 2, leaseMs: LEASE_MS, lease: 'token-1' });
      await world.store.completeFanOut({ results: [], turn: 'token-1' });
      assert.deepEqual(
        claims.map(({ lease }) => lease),
        ['token-1', 'token-1'],
      );
      const [other] = await claim(world);
      const foreign = { ...other!, lease: 'token-1' };
      assert.deepEqual(await complete(world, foreign, [world.delivery('ep')]), [{ stored: [] }]);
    },
  },
  {
    name: 'leases each message once, whichever handle asks',
    async run(world) {
      const stored = await appendUnmatched(world, 40);
      const other = await world.second();
      const claims = await Promise.all([
        claim(world, 15),
        claim(world, 15, other),
        claim(world, 15),
        claim(world, 15, other),
      ]);
      const claimed = claims.flatMap(ids);
      assert.equal(new Set(claimed).size, claimed.length);
      assert.deepEqual([...claimed, ...ids(await claim(world))].sort(), [...stored].sort());
    },
  },
  {
    name: 'gives messages to one call at a time, oldest first, until its turn is ended',
    async run(world) {
      const stored = await appendUnmatched(world, 5);
      const other = await world.second();
      const take = (store: typeof world.store, lease: string): ReturnType<typeof store.claimFanOut> =>
        store.claimFanOut({ limit: 2, leaseMs: LEASE_MS, lease });
      const first = await take(world.store, 'token-1');
      assert.deepEqual([ids(first.claims), first.busy], [stored.slice(0, 2), false]);
      for (const store of [world.store, other])
        assert.deepEqual(await take(store, 'token-2'), { claims: [], busy: true });
      await other.completeFanOut({ results: [], turn: 'token-2' });
      assert.equal((await take(other, 'token-2')).busy, true, 'only its own token ends a turn');
      const results = first.claims.map(({ message }) => ({
        messageId: message.id,
        lease: 'token-1',
        deliveries: [world.delivery('ep')],
      }));
      await world.store.completeFanOut({ results, turn: 'token-1' });
      assert.deepEqual(ids((await take(other, 'token-3')).claims), stored.slice(2, 4));
      await other.completeFanOut({ results: [], turn: 'token-3' });
      assert.deepEqual(ids((await take(world.store, 'token-4')).claims), stored.slice(4));
      await world.store.completeFanOut({ results: [], turn: 'token-4' });
      assert.deepEqual(await take(other, 'token-5'), { claims: [], busy: false });
    },
  },
  {
    name: 'ends a turn when its time is over',
    async run(world) {
      const stored = await appendUnmatched(world, 2);
      const other = await world.second();
      const take = (lease: string): ReturnType<typeof other.claimFanOut> =>
        other.claimFanOut({ limit: 1, leaseMs: LEASE_MS, lease });
      assert.deepEqual(ids((await take('token-1')).claims), stored.slice(0, 1));
      await world.advance(LEASE_MS - 10_000);
      assert.equal((await take('token-2')).busy, true);
      await world.advance(11_000);
      assert.deepEqual(ids((await take('token-3')).claims), stored.slice(0, 1));
      await world.store.completeFanOut({ results: [], turn: 'token-1' });
      assert.equal((await take('token-4')).busy, true, 'whose turn is over ends no other');
    },
  },
  {
    name: 'stores nothing of a turn that is over, also where leases still count',
    async run(world) {
      const [, second] = await appendUnmatched(world, 2);
      const other = await world.second();
      const late = await world.store.claimFanOut({ limit: 2, leaseMs: LEASE_MS, lease: 'late' });
      const results = late.claims.map(({ message }) => ({
        messageId: message.id,
        lease: 'late',
        deliveries: [world.delivery('ep')],
      }));
      await world.advance(LEASE_MS + 1_000);
      await other.claimFanOut({ limit: 1, leaseMs: LEASE_MS, lease: 'next' });
      const skipped = [{ stored: [] }, { stored: [] }];
      assert.deepEqual(await world.store.completeFanOut({ results, turn: 'late' }), skipped);
      await other.completeFanOut({ results: [], turn: 'next' });
      assert.deepEqual(await world.store.completeFanOut({ results, turn: 'late' }), skipped);
      assert.deepEqual(ids(await claim(world)), [second]);
    },
  },
  {
    name: 'finds messages whatever the order of their ids',
    async run(world) {
      for (const id of ['z', 'm', 'a']) {
        await world.append([{ ...world.entry([], { id }), fannedOut: false }]);
        assert.deepEqual(ids(await claim(world)), [id]);
      }
    },
  },
  {
    name: 'gives a message again when its lease ran out',
    async run(world) {
      const [id] = await appendUnmatched(world, 1);
      const [first] = await claim(world);
      await world.advance(LEASE_MS - 10_000);
      assert.deepEqual(await claim(world), []);
      await world.advance(11_000);
      const [second] = await claim(world);
      assert.equal(second?.message.id, id);
      assert.notEqual(second?.lease, first?.lease);
    },
  },
  {
    name: 'stores the deliveries of a completed message, not leased',
    async run(world) {
      await appendUnmatched(world, 1);
      const [claimed] = await claim(world);
      const disabled = world.delivery('ep_2', { state: 'discarded', reason: 'endpoint_disabled' });
      const deliveries = [world.delivery('ep_1', { lease: 'ignored' }), disabled];
      await complete(world, claimed!, deliveries);
      assert.equal((await world.store.getMessage({ id: claimed!.message.id }))?.fannedOut, true);
      assert.equal((await world.read(deliveries[0]!.id)).state, 'scheduled');
      assert.equal((await world.read(disabled.id)).reason, 'endpoint_disabled');
      assert.deepEqual(await world.claimIds(), [deliveries[0]!.id]);
      await world.advance(LEASE_MS + 1_000);
      assert.deepEqual(await claim(world), []);
    },
  },
  {
    name: 'leaves a delivery as it is that the message has already',
    async run(world) {
      const existing = world.delivery('ep_1', { lease: 'token' });
      await world.append([{ ...world.entry([existing]), fannedOut: false }]);
      const unrelated = await world.emitOne('ep_1');
      const [claimed] = await claim(world);
      const [again, other, twice] = [world.delivery('ep_1'), world.delivery('ep_2'), world.delivery('ep_2')];
      await complete(world, claimed!, [again, other, twice]);
      const { items } = await world.store.list({ of: 'deliveries', where: {}, limit: 10 });
      assert.deepEqual(items.map(({ id }) => id).sort(), [existing.id, unrelated, other.id].sort());
      assert.equal((await world.read(existing.id)).state, 'sending');
    },
  },
  {
    name: 'skips a completion whose lease went to another',
    async run(world) {
      await appendUnmatched(world, 1);
      const [slow] = await claim(world);
      await world.advance(LEASE_MS + 1_000);
      const [quick] = await claim(world);
      const [late, right] = [world.delivery('ep'), world.delivery('ep')];
      await complete(world, slow!, [late]);
      assert.equal(await world.store.getDelivery({ id: late.id }), undefined);
      assert.equal((await world.store.getMessage({ id: slow!.message.id }))?.fannedOut, false);
      await complete(world, quick!, [right]);
      await complete(world, slow!, [late]);
      assert.deepEqual(await world.claimIds(), [right.id]);
    },
  },
  {
    name: 'takes a late completion as long as nobody else has the message',
    async run(world) {
      await appendUnmatched(world, 1);
      const [claimed] = await claim(world);
      await world.advance(LEASE_MS + 1_000);
      await complete(world, claimed!, [world.delivery('ep')]);
      assert.equal((await world.claimIds()).length, 1);
    },
  },
  {
    name: 'completes messages that match no endpoint',
    async run(world) {
      const [id] = await appendUnmatched(world, 1);
      const [claimed] = await claim(world);
      await complete(world, claimed!, []);
      await world.advance(LEASE_MS + 1_000);
      assert.deepEqual(await claim(world), []);
      assert.equal((await world.store.getMessage({ id: id! }))?.fannedOut, true);
    },
  },
  {
    name: 'skips completions of messages it does not know',
    async run(world) {
      await appendUnmatched(world, 1);
      const [claimed] = await claim(world);
      const unknown = { messageId: 'msg_unknown', lease: claimed!.lease, deliveries: [world.delivery('ep')] };
      const known = {
        messageId: claimed!.message.id,
        lease: claimed!.lease,
        deliveries: [world.delivery('ep')],
      };
      await world.store.completeFanOut({ results: [unknown, known] });
      assert.deepEqual(await world.claimIds(), [known.deliveries[0]!.id]);
    },
  },
  {
    name: 'answers which deliveries a completion stored',
    async run(world) {
      const existing = world.delivery('ep_1');
      await world.append([{ ...world.entry([existing]), fannedOut: false }]);
      const [claimed] = await claim(world);
      const [again, fresh] = [world.delivery('ep_1'), world.delivery('ep_2')];
      const unknown = { messageId: 'msg_unknown', lease: claimed!.lease, deliveries: [world.delivery('ep')] };
      const known = { messageId: claimed!.message.id, lease: claimed!.lease, deliveries: [again, fresh] };
      const answers = await world.store.completeFanOut({ results: [unknown, known] });
      assert.deepEqual(answers, [{ stored: [] }, { stored: [fresh.id] }]);
    },
  },
  {
    name: 'adds deliveries to a message that is fanned out, without a lease',
    async run(world) {
      const entry = world.entry([world.delivery('ep_1')]);
      await world.append([entry]);
      await world.succeed(await world.claimOne());
      const [again, added] = [world.delivery('ep_1'), world.delivery('ep_2', { lease: 'ignored' })];
      const result = { messageId: entry.message.id, lease: undefined, deliveries: [again, added] };
      assert.deepEqual(await world.store.completeFanOut({ results: [result] }), [{ stored: [added.id] }]);
      assert.deepEqual(await world.store.completeFanOut({ results: [result] }), [{ stored: [] }]);
      const retention = { succeededMs: 0, unsuccessfulMs: 0 };
      await world.advance(60_000);
      assert.equal((await world.store.prune({ retention, budgetMs: 1_000 })).messages, 0, 'it is open again');
      const leased = await world.claimOne();
      assert.equal(leased.id, added.id);
      await world.succeed(leased);
      await world.advance(60_000);
      assert.equal((await world.store.prune({ retention, budgetMs: 1_000 })).messages, 1);
    },
  },
  {
    name: 'stores nothing without a lease for a message that waits for its fan-out',
    async run(world) {
      const [id] = await appendUnmatched(world, 1);
      const result = { messageId: id!, lease: undefined, deliveries: [world.delivery('ep')] };
      assert.deepEqual(await world.store.completeFanOut({ results: [result] }), [{ stored: [] }]);
      const [claimed] = await claim(world);
      assert.deepEqual(await world.store.completeFanOut({ results: [result] }), [{ stored: [] }]);
      await complete(world, claimed!, [world.delivery('ep')]);
      assert.equal((await world.claimIds()).length, 1);
    },
  },
];
