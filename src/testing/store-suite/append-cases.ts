import assert from 'node:assert/strict';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

/** Text that stores and their encodings have broken over: separators, escapes, half a surrogate pair, quotes. */
const ODD_JSON = JSON.stringify({
  separators: '\u2028\u2029\u001e\u0000\u007f',
  halves: '\ud800 \udfff',
  emoji: '👩‍🚀',
  quotes: `'"\`\\' OR 1=1; --`,
  ['__proto__ %_$1 ?']: null,
}).replace('}', ',"big":12345678901234567890123,"e":1E+400}');

const ODD_TEXT = `👩‍🚀 Zoë's "Größe" \\ %_ $1 ? ; -- [x] שלום`;

/** A delivery that wants a lease and does not get one waits like any other. */
async function assertNotLeased(world: StoreWorld, endpointId: string, orderingKey?: string): Promise<void> {
  const delivery = world.delivery(endpointId, { lease: world.id('lease'), orderingKey });
  assert.deepEqual(await world.append([world.entry([delivery])]), [{ kind: 'stored', leased: [] }]);
  const { state, attempts, firstAttemptAt } = await world.read(delivery.id);
  assert.deepEqual([state, attempts, firstAttemptAt], ['scheduled', 0, undefined]);
}

export const appendCases: readonly SuiteCase[] = [
  {
    name: 'stores messages and gives them back as they were',
    async run(world) {
      const message = world.message({
        orderingKey: 'order-7',
        idempotencyKey: 'key-1',
        addressed: true,
        metadata: { source: 'api', nested: { list: [1, null, true, 'x'] } },
        trace: { traceparent: '00-1', tracestate: 'a=1' },
        fingerprint: 'abc',
      });
      await world.append([{ message, deliveries: [], fannedOut: true }]);
      const stored = await world.store.getMessage({ id: message.id });
      assert.ok(stored !== undefined);
      const { createdAt, ...rest } = stored;
      const { fingerprint, ...expected } = message;
      assert.equal(fingerprint, 'abc');
      assert.deepEqual(rest, { ...expected, fannedOut: true });
      assert.ok(Number.isFinite(createdAt));
    },
  },
  {
    name: 'keeps odd characters exactly',
    async run(world) {
      const endpointId = world.id('ep');
      const tenant = ODD_TEXT.padEnd(256, '👩‍🚀').slice(0, 255) + 'x';
      const odd = {
        dataJson: ODD_JSON,
        tenant,
        idempotencyKey: ODD_TEXT,
        orderingKey: ODD_TEXT,
        metadata: { [ODD_TEXT]: '\u2028\n👩‍🚀' },
      };
      const entry = world.entry([world.delivery(endpointId, { orderingKey: ODD_TEXT })], odd);
      await world.append([entry]);
      const stored = await world.store.getMessage({ id: entry.message.id });
      for (const [name, value] of Object.entries(odd))
        assert.deepEqual(stored?.[name as keyof typeof odd], value, name);
      assert.equal((await world.claimOne()).message.dataJson, ODD_JSON);
      const { items } = await world.store.list({ of: 'messages', where: { tenant }, limit: 10 });
      assert.equal(items.length, 1);
    },
  },
  {
    name: 'does not share what was handed in or out',
    async run(world) {
      const metadata = { list: [1] };
      const entry = world.entry([], { metadata });
      await world.append([entry]);
      metadata.list.push(2);
      const read = async (): Promise<unknown> =>
        (await world.store.getMessage({ id: entry.message.id }))?.metadata;
      const first = (await read()) as typeof metadata;
      assert.deepEqual(first, { list: [1] });
      first.list.push(3);
      assert.deepEqual(await read(), { list: [1] });
    },
  },
  {
    name: 'stores a payload of a mebibyte',
    async run(world) {
      const dataJson = JSON.stringify('x'.repeat(2 ** 20));
      const entry = world.entry([world.delivery(world.id('ep'))], { dataJson });
      await world.append([entry]);
      assert.equal((await world.claimOne()).message.dataJson, dataJson);
    },
  },
  {
    name: 'stores deliveries as scheduled, due at once, not attempted',
    async run(world) {
      const endpointId = world.id('ep');
      const entry = world.entry([world.delivery(endpointId)], { tenant: 'acme', type: 'a.b' });
      const results = await world.append([entry]);
      assert.deepEqual(results, [{ kind: 'stored', leased: [] }]);
      const { id } = entry.deliveries[0]!;
      const stored = await world.read(id);
      assert.deepEqual(stored, {
        id,
        messageId: entry.message.id,
        endpointId,
        tenant: 'acme',
        type: 'a.b',
        state: 'scheduled',
        reason: undefined,
        attempts: 0,
        attemptsBeforeRun: 0,
        rescues: 0,
        faults: 0,
        dueAt: stored.createdAt,
        createdAt: stored.createdAt,
        firstAttemptAt: undefined,
        finishedAt: undefined,
        test: false,
      });
    },
  },
  {
    name: 'stores deliveries that are final from the start',
    async run(world) {
      const discarded = world.delivery(world.id('ep'), {
        state: 'discarded',
        reason: 'endpoint_disabled',
        lease: 'ignored',
      });
      const failed = world.delivery(world.id('ep'), { state: 'failed', reason: 'function_failed' });
      const [result] = await world.append([world.entry([discarded, failed])]);
      assert.deepEqual(result, { kind: 'stored', leased: [] });
      for (const { id, state, reason } of [discarded, failed]) {
        const stored = await world.read(id);
        assert.deepEqual([stored.state, stored.reason, stored.attempts], [state, reason, 0]);
        assert.equal(stored.finishedAt, stored.createdAt);
      }
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'hands deliveries back leased when asked, their attempt counted',
    async run(world) {
      const endpointId = world.id('ep');
      const wanted = world.delivery(endpointId, { lease: 'token-1' });
      const entry = world.entry([wanted, world.delivery(world.id('ep'))], { fingerprint: 'digest' });
      const [result] = await world.append([entry]);
      assert.ok(result?.kind === 'stored');
      const [leased] = result.leased;
      assert.equal(result.leased.length, 1);
      const { message, firstAttemptAt, ...rest } = leased!;
      const counters = { attempts: 1, attemptsBeforeRun: 0, rescues: 0, faults: 0 };
      assert.deepEqual(rest, {
        id: wanted.id,
        lease: 'token-1',
        endpointId,
        laneId: endpointId,
        ordered: false,
        counted: false,
        probe: false,
        ...counters,
      });
      const { fingerprint, ...given } = entry.message;
      assert.equal(fingerprint, 'digest');
      assert.deepEqual(message, given);
      const stored = await world.read(wanted.id);
      assert.deepEqual(
        [stored.state, stored.attempts, stored.firstAttemptAt],
        ['sending', 1, firstAttemptAt],
      );
      await world.succeed(leased!);
    },
  },
  {
    name: 'does not lease in a paused lane',
    async run(world) {
      const endpointId = world.id('ep');
      await world.store.putLane({ laneId: endpointId, paused: true });
      await assertNotLeased(world, endpointId);
    },
  },
  {
    name: 'does not lease in a blocked lane',
    async run(world) {
      const endpointId = world.id('ep');
      await world.store.putLane({ laneId: endpointId, blockForMs: 60_000, blockedReason: 'breaker' });
      await assertNotLeased(world, endpointId);
    },
  },
  {
    name: 'does not lease in a lane with a rate limit',
    async run(world) {
      const { id } = await world.putEndpoint({ rateLimit: { limit: 100, intervalMs: 600_000 } });
      await assertNotLeased(world, id);
      assert.equal((await world.claim()).leased.length, 1);
    },
  },
  {
    name: 'does not lease a delivery with an ordering key',
    async run(world) {
      await assertNotLeased(world, world.id('ep'), 'key');
      const { ordered } = await world.claimOne();
      assert.equal(ordered, true);
    },
  },
  {
    name: 'leases a test message whatever its lane says',
    async run(world) {
      const { id } = await world.putEndpoint({ rateLimit: { limit: 1, intervalMs: 600_000 } });
      await world.emitOne(id, { orderingKey: 'key' });
      await world.claimOne();
      await world.store.putLane({ laneId: id, paused: true, blockForMs: 60_000 });
      const deliveries = [world.delivery(id, { lease: 'token', orderingKey: 'key' })];
      const [result] = await world.append([world.entry(deliveries, { test: true })]);
      assert.ok(result?.kind === 'stored' && result.leased.length === 1);
      assert.equal(result.leased[0]?.ordered, false);
      assert.equal((await world.read(deliveries[0]!.id)).test, true);
    },
  },
  {
    name: 'does not let a test message use up rate or hold up an ordering key',
    async run(world) {
      const { id } = await world.putEndpoint({ rateLimit: { limit: 1, intervalMs: 600_000 } });
      await world.append([
        world.entry([world.delivery(id, { lease: 'token', orderingKey: 'key' })], { test: true }),
      ]);
      const waiting = await world.emitOne(id, { orderingKey: 'key' });
      assert.deepEqual(await world.claimIds(), [waiting]);
    },
  },
  {
    name: 'stores one delivery per message and endpoint',
    async run(world) {
      const [first, second] = [world.delivery('ep_twice'), world.delivery('ep_twice')];
      await world.append([world.entry([first, second, world.delivery('ep_other')])]);
      assert.equal((await world.claim()).leased.length, 2);
      assert.equal((await world.read(first.id)).state, 'sending');
      assert.equal(await world.store.getDelivery({ id: second.id }), undefined);
    },
  },
  {
    name: 'stores nothing of a batch that fails',
    whyNot: ({ handle }) =>
      handle.failNextAppend === undefined ? 'create answers without failNextAppend' : undefined,
    async run(world) {
      const entries = Array.from({ length: 10 }, () => world.entry([world.delivery('ep')]));
      await world.handle.failNextAppend!();
      await assert.rejects(world.append(entries), { code: 'store_failed' });
      const { items } = await world.store.list({ of: 'messages', where: {}, limit: 10 });
      assert.deepEqual(items, []);
      assert.deepEqual(await world.claimIds(), []);
      for (const result of await world.append(entries)) assert.equal(result.kind, 'stored');
    },
  },
];
