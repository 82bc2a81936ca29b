import assert from 'node:assert/strict';
import type { StoredResponse } from '../../core/stored-response.ts';
import type { SuiteCase } from './suite-case.ts';

const RESPONSE: StoredResponse = {
  status: 503,
  headers: { 'content-type': 'text/html', 'x-odd': '<script>\u2028👩‍🚀' },
  body: `<script>alert('1')</script>\u0000\u2028\ud83d\ude80 "quoted" \\ ${'x'.repeat(16_000)}`,
  bodyEncoding: 'utf8',
  bodyTruncated: true,
  bodyComplete: false,
};

export const settleCases: readonly SuiteCase[] = [
  {
    name: 'writes the end of a delivery and its attempt',
    async run(world) {
      const id = await world.emitOne('ep');
      const leased = await world.claimOne();
      const settlement = world.settlement(
        leased,
        { kind: 'succeeded' },
        { durationMs: 250, detail: 'fine', traceparent: 'trace' },
      );
      const [result] = await world.store.settle({ settlements: [settlement] });
      assert.deepEqual(result, { kind: 'settled', state: 'succeeded', reason: undefined });
      const stored = await world.read(id);
      assert.deepEqual([stored.state, stored.attempts, stored.reason], ['succeeded', 1, undefined]);
      assert.ok(stored.finishedAt !== undefined && stored.finishedAt >= stored.createdAt);
      const [attempt] = await world.attempts(id);
      assert.ok(attempt !== undefined);
      assert.equal(attempt.startedAt, stored.finishedAt - 250);
      const { startedAt, ...rest } = attempt;
      assert.ok(Number.isFinite(startedAt));
      assert.deepEqual(rest, {
        deliveryId: id,
        messageId: stored.messageId,
        endpointId: 'ep',
        tenant: 'default',
        attempt: 1,
        outcome: 'delivered',
        reason: undefined,
        detail: 'fine',
        durationMs: 250,
        response: undefined,
        traceparent: 'trace',
      });
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'writes a retry: scheduled again, due after the delay',
    async run(world) {
      const id = await world.emitOne('ep');
      const result = await world.retryIn(await world.claimOne(), 300_000);
      assert.deepEqual(result, { kind: 'settled', state: 'scheduled', reason: 'timeout' });
      const stored = await world.read(id);
      assert.deepEqual(
        [stored.state, stored.reason, stored.attempts, stored.finishedAt],
        ['scheduled', 'timeout', 1, undefined],
      );
      assert.ok(stored.dueAt >= stored.createdAt + 300_000 && stored.dueAt < stored.createdAt + 330_000);
    },
  },
  {
    name: 'writes all that a transition carries',
    async run(world) {
      const id = await world.emitOne('ep');
      const settlement = world.settlement(await world.claimOne(), {
        kind: 'dispatcher_failed',
        reason: 'bad_secret',
      });
      await world.store.settle({ settlements: [settlement] });
      const stored = await world.read(id);
      assert.deepEqual(
        [stored.state, stored.reason, stored.attempts, stored.faults],
        ['scheduled', 'bad_secret', 0, 1],
      );
      assert.equal((await world.attempts(id))[0]?.outcome, 'dispatcher_failed');
    },
  },
  {
    name: 'keeps the time of the first attempt and numbers the others',
    async run(world) {
      const id = await world.emitOne('ep');
      const first = await world.claimOne();
      await world.retryIn(first, 0);
      await world.advance(60_000);
      const second = await world.claimOne();
      assert.deepEqual([second.attempts, second.firstAttemptAt], [2, first.firstAttemptAt]);
      await world.exhaust(second);
      assert.deepEqual(
        (await world.attempts(id)).map(({ attempt }) => attempt),
        [2, 1],
      );
      assert.equal((await world.read(id)).firstAttemptAt, first.firstAttemptAt);
    },
  },
  {
    name: 'stores responses as they came',
    async run(world) {
      const id = await world.emitOne('ep');
      const event = { kind: 'endpoint_failed', reason: 'http_status', next: { kind: 'stop' } } as const;
      const detail = 'HTTP 503 <b>\u2028';
      const settlement = world.settlement(await world.claimOne(), event, { response: RESPONSE, detail });
      await world.store.settle({ settlements: [settlement] });
      const [attempt] = await world.attempts(id);
      assert.deepEqual(attempt?.response, RESPONSE);
      assert.equal(attempt?.detail, detail);
    },
  },
  {
    name: 'logs nothing for a settlement without an attempt',
    async run(world) {
      const id = await world.emitOne('ep');
      const settlement = {
        ...world.settlement(await world.claimOne(), { kind: 'interrupted' }),
        attempt: undefined,
      };
      await world.store.settle({ settlements: [settlement] });
      assert.deepEqual([(await world.read(id)).state, await world.attempts(id)], ['scheduled', []]);
    },
  },
  {
    name: 'writes only under the lease, each settlement for itself',
    async run(world) {
      const [first, second] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      const good = leased.map((one) => world.settlement(one, { kind: 'succeeded' }));
      const foreign = { ...good[0]!, lease: 'another' };
      // The token is right, but it is not the delivery's.
      const unknown = { ...good[0]!, deliveryId: 'dlv_unknown' };
      const results = await world.store.settle({ settlements: [foreign, unknown, good[1]!] });
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['lost', 'lost', 'settled'],
      );
      assert.deepEqual(
        [(await world.read(first!)).state, (await world.read(second!)).state],
        ['sending', 'succeeded'],
      );
      assert.deepEqual(await world.attempts(first!), []);
    },
  },
  {
    name: 'takes one outcome per lease',
    async run(world) {
      const id = await world.emitOne('ep');
      const leased = await world.claimOne();
      const success = world.settlement(leased, { kind: 'succeeded' });
      const results = await world.store.settle({ settlements: [success, success] });
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['settled', 'lost'],
      );
      const [other] = await world.emit(['ep']);
      await world.claimOne({ lease: leased.lease });
      assert.deepEqual(await world.exhaust(leased), { kind: 'lost' }, 'its token is in use, for another one');
      assert.equal((await world.read(other!)).state, 'sending');
      assert.deepEqual([(await world.read(id)).state, (await world.attempts(id)).length], ['succeeded', 1]);
    },
  },
  {
    name: 'discards a cancelled delivery instead of scheduling it again',
    async run(world) {
      const [retried, interrupted] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      await world.store.reschedule({ where: {}, to: 'discarded', reason: 'cancelled', limit: 10 });
      const discarded = { kind: 'settled', state: 'discarded', reason: 'cancelled' };
      assert.deepEqual(await world.retryIn(leased[0]!, 0), discarded);
      assert.deepEqual(await world.settle(leased[1]!, { kind: 'interrupted' }), discarded);
      for (const id of [retried!, interrupted!]) {
        const stored = await world.read(id);
        assert.deepEqual(
          [stored.state, stored.reason, (await world.attempts(id)).length],
          ['discarded', 'cancelled', 1],
        );
        assert.notEqual(stored.finishedAt, undefined);
      }
      assert.equal((await world.read(retried!)).attempts, 1);
    },
  },
  {
    name: 'writes the end of a cancelled delivery as it came',
    async run(world) {
      const [delivered, exhausted] = await world.emit(['ep', 'ep']);
      const { leased } = await world.claim();
      await world.store.reschedule({ where: {}, to: 'discarded', reason: 'cancelled', limit: 10 });
      await world.succeed(leased[0]!);
      await world.exhaust(leased[1]!);
      assert.equal((await world.read(delivered!)).state, 'succeeded');
      assert.equal((await world.read(exhausted!)).state, 'exhausted');
    },
  },
  {
    name: 'counts what ended in the lane, and when it was last tried',
    async run(world) {
      await world.emit(['ep', 'ep', 'ep', 'ep', 'ep_2']);
      const leased = (await world.claim()).leased.filter(({ endpointId }) => endpointId === 'ep');
      const interrupted = await world.settle(leased[0]!, { kind: 'interrupted' });
      assert.equal(interrupted.kind, 'settled');
      assert.equal((await world.store.getLane({ laneId: 'ep' })).lastTriggeredAt, undefined);
      await world.succeed(leased[1]!);
      await world.exhaust(leased[2]!);
      await world.retryIn(leased[3]!, 60_000);
      const { succeeded, failed, lastTriggeredAt } = await world.store.getLane({ laneId: 'ep' });
      assert.deepEqual([succeeded, failed], [1, 1]);
      const [last] = await world.attempts(leased[3]!.id);
      assert.equal(lastTriggeredAt, last?.startedAt);
      assert.equal((await world.store.getLane({ laneId: 'ep_2' })).succeeded, 0);
    },
  },
  {
    name: 'counts the failures since the last delivery, tests and interruptions aside',
    async run(world) {
      const failures = async (): Promise<number> =>
        (await world.store.getLane({ laneId: 'ep' })).consecutiveFailures;
      await world.emit(['ep', 'ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      await world.exhaust(leased[0]!);
      await world.retryIn(leased[1]!, 60_000);
      await world.settle(leased[2]!, { kind: 'interrupted' });
      const test = world.entry([world.delivery('ep', { lease: 'token' })], { test: true });
      const [result] = await world.append([test]);
      assert.equal(result?.kind, 'stored');
      await world.succeed(result.leased[0]!);
      assert.equal(await failures(), 2);
      await (await world.second()).putLane({ laneId: 'ep', resetFailures: true });
      const { consecutiveFailures, failingSince, failed } = await world.store.getLane({ laneId: 'ep' });
      assert.deepEqual([consecutiveFailures, failingSince, failed], [0, undefined, 1]);
      await world.emit(['ep', 'ep']);
      for (const one of (await world.claim()).leased) await world.retryIn(one, 60_000);
      assert.ok((await failures()) > 0);
      await world.succeed(leased[3]!);
      assert.equal(await failures(), 0);
    },
  },
  {
    name: 'knows since when there is nothing but failures',
    async run(world) {
      const since = async (): Promise<number | undefined> =>
        (await world.store.getLane({ laneId: 'ep' })).failingSince;
      await world.emit(['ep', 'ep', 'ep', 'ep', 'ep']);
      const { leased } = await world.claim();
      assert.equal(await since(), undefined);
      await world.exhaust(leased[0]!);
      const [first] = await world.attempts(leased[0]!.id);
      assert.equal(await since(), first!.startedAt);
      await world.advance(60_000);
      await world.exhaust(leased[1]!);
      assert.equal(await since(), first!.startedAt);
      const failed = { kind: 'endpoint_failed', reason: 'timeout', next: { kind: 'stop' } } as const;
      await world.store.settle({
        settlements: [
          world.settlement(leased[2]!, failed),
          world.settlement(leased[3]!, { kind: 'succeeded' }),
          world.settlement(leased[4]!, failed),
        ],
      });
      const [last] = await world.attempts(leased[4]!.id);
      assert.equal(await since(), last!.startedAt);
      assert.notEqual(last!.startedAt, first!.startedAt);
    },
  },
];
