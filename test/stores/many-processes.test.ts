/** Real processes on one store. None of them is told of the others. */
import { describe, expect, it } from 'vitest';
import type { Stats } from '../../src/stats.ts';
import { reachable } from '../support/store-places.ts';
import { createWorkshop, deliveryOf, listDeliveries } from '../support/workers.ts';

/** `POSTHORN_TEST_MESSAGES=20000` for the full measure. */
const MESSAGES = Number(process.env['POSTHORN_TEST_MESSAGES'] ?? 2_000);
const NAMES = ['one', 'two', 'three'] as const;
const CONCURRENCY = 20;
const TIMEOUT_MS = 60_000 + 10 * MESSAGES;
/** Far longer than any test: who waits for the end of a lease is not done in time. */
const LONG_LEASE_MS = 3_600_000;
const NEVER = { retry: { kind: 'once' } } as const;

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))('several processes on %s', (kind) => {
  it(
    `deliver ${MESSAGES} messages of one of them, each once, and all take part`,
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop(kind);
      const { receiver } = workshop;
      const [one, two, three] = await workshop.start(NAMES, { dispatcher: { leaseMs: LONG_LEASE_MS } });
      await workshop.createEndpoint(one, { concurrency: CONCURRENCY });
      // How fast each is then, nobody can say; but while one is full, the others must take work until they are full, too.
      receiver.judge(() => 'hold');
      const emitting = one.call('emitMany', MESSAGES, 'load.test');
      await receiver.until(
        () => NAMES.every((name) => receiver.held(name) === CONCURRENCY),
        'every process is full',
      );
      receiver.release();
      await emitting;
      await receiver.until(() => receiver.answered.size === MESSAGES, 'all are delivered', TIMEOUT_MS);

      expect(receiver.repeated).toEqual([]);
      expect(receiver.arrivals).toHaveLength(MESSAGES);
      const emitted = await one.call<string[]>('emitted');
      expect(new Set(receiver.answered.keys())).toEqual(new Set(emitted));
      await Promise.all([one, two, three].map((worker) => worker.call('drain')));
      const { byState } = await two.call<Stats>('stats');
      expect(byState).toMatchObject({ succeeded: MESSAGES, scheduled: 0, sending: 0, failed: 0 });
    },
  );

  it('take over what one that stops had leased, at once', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const { receiver } = workshop;
    const [one, two, three] = await workshop.start(NAMES, { dispatcher: { leaseMs: LONG_LEASE_MS } });
    await workshop.createEndpoint(one, { concurrency: 10, ...NEVER });
    receiver.judge(() => 'hold');
    await one.call('emitMany', 200, 'load.test');
    await receiver.until(() => NAMES.every((name) => receiver.held(name) > 0), 'every process has begun');
    const held = receiver.held('one');
    await one.call('stop', { timeoutMs: 0 });
    await receiver.until(() => receiver.held('one') === 0, 'its requests are called off');
    receiver.release();
    await receiver.until(() => receiver.answered.size === 200, 'the others have delivered all');

    expect(receiver.repeated).toEqual([]);
    expect(receiver.answeredBy.get('one')).toBeUndefined();
    expect(receiver.arrivals).toHaveLength(200 + held);
    await Promise.all([two, three].map((worker) => worker.call('drain')));
    for (const delivery of await listDeliveries(two))
      expect(delivery).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
  });

  it('rescue what one that was killed had leased', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const { receiver } = workshop;
    const [one, two, three] = await workshop.start(NAMES, { dispatcher: { leaseMs: 3_000 } });
    await workshop.createEndpoint(one, { concurrency: 10, ...NEVER });
    receiver.judge(() => 'hold');
    await one.call('emitMany', 100, 'load.test');
    await receiver.until(() => NAMES.every((name) => receiver.held(name) > 0), 'every process has begun');
    const lost = receiver.arrivals.filter(({ sender }) => sender === 'one').map(({ id }) => id);
    await one.kill();
    await receiver.until(() => receiver.held('one') === 0, 'its requests are called off');
    receiver.release();
    await receiver.until(() => receiver.answered.size === 100, 'the others have delivered all');

    expect(receiver.repeated).toEqual([]);
    await Promise.all([two, three].map((worker) => worker.call('drain')));
    for (const delivery of await listDeliveries(three))
      expect(delivery).toMatchObject({ state: 'succeeded', attempts: 1 });
    const rescued = await deliveryOf(three, lost[0]!);
    expect(rescued.rescues).toBe(1);
    expect(rescued.attemptLog).toMatchObject([
      { outcome: 'interrupted', attempt: 1 },
      { outcome: 'delivered', attempt: 1 },
    ]);
  });

  it('have another owner id after every start', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const [first, second] = await workshop.start(['same', 'same']);
    const owners = [await first.says('owner'), await second.says('owner')];
    await first.kill();
    const [again] = await workshop.start(['same']);
    owners.push(await again.says('owner'));
    expect(new Set(owners).size).toBe(3);
  });

  it('are not written over by one that stood still past its lease', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const { receiver } = workshop;
    const retry = { kind: 'schedule', delaysMs: [600_000] } as const;
    const options = { dispatcher: { leaseMs: 1_000, pollIntervalMs: 100 } };
    // One after the other: where one process serves the others, it must not be the one that stands still.
    const [punctual] = await workshop.start(['punctual'], options);
    const [late] = await workshop.start(['late'], options);
    await workshop.createEndpoint(late, { retry, timeoutMs: 600_000 });
    receiver.judge(({ sender }) => (sender === 'late' ? 'hold' : 204));
    const { id } = await late.call<{ id: string }>('emit', 'load.test', {});
    await receiver.until(() => receiver.held('late') === 1, 'it is being sent');
    // A look at the store tells when the lease ends; who is told of work does not look often.
    await punctual.call('drain');
    await late.call('freeze');
    await receiver.until(() => receiver.answered.has(id), 'another process has taken over');
    await punctual.call('drain');
    const before = await deliveryOf(punctual, id);

    receiver.release(500);
    late.signal('SIGCONT');
    await late.call('drain');
    const { inFlight, pendingOutcomes } = await late.health();
    expect({ inFlight, pendingOutcomes }).toEqual({ inFlight: 0, pendingOutcomes: 0 });
    expect(before).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 1 });
    expect(await deliveryOf(punctual, id)).toEqual(before);
    // It goes on as if nothing had been.
    const next = await late.call<{ id: string }>('emit', 'load.test', {});
    await receiver.until(() => receiver.answered.has(next.id), 'what it emits is delivered');
  });
});

// A folder has no clock of its own: there the time is that of the process that owns it.
describe.each(reachable('sqlite', 'postgres', 'mariadb'))('several processes on %s', (kind) => {
  it('are given the same time by the store, whatever their clocks say', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const { receiver } = workshop;
    const HOUR = 3_600_000;
    const options = { pollIntervalMs: 50, leaseMs: 5_000 };
    const [right] = await workshop.start(['right'], { dispatcher: options });
    const retry = { kind: 'schedule', delaysMs: [1_000], jitter: 0 } as const;
    // Before the others start: they may hear of a new endpoint a second late, and would match what they emit without it.
    await workshop.createEndpoint(right, { concurrency: 4, retry, timeoutMs: 600_000, breaker: false });
    const [[ahead], [behind]] = await Promise.all([
      workshop.start(['ahead'], { dispatcher: options, clockAheadMs: HOUR }),
      workshop.start(['behind'], { dispatcher: options, clockAheadMs: -HOUR }),
    ]);

    // What one of them is working on stays its own, as often as the others look.
    receiver.judge(() => 'hold');
    const { id } = await right.call<{ id: string }>('emit', 'load.test', {});
    await receiver.until(() => receiver.held() === 1, 'it is being sent');
    const startedAt = Date.now();
    for (let looks = 0; looks < 5; looks += 1)
      for (const worker of [ahead, behind]) await worker.call('drain');
    expect(receiver.arrivals).toHaveLength(1);
    receiver.release();

    // Every message fails once, and is tried again after the delay, not an hour early or late.
    const workers = [right, ahead, behind];
    receiver.judge((arrival) => (receiver.arrived.get(arrival.id) === 1 ? 500 : 204));
    await Promise.all(workers.map((worker) => worker.call('emitMany', 20, 'load.test')));
    await receiver.until(() => receiver.answered.size === 61, 'all are delivered');
    expect(receiver.repeated).toEqual([]);
    await Promise.all(workers.map((worker) => worker.call('drain')));
    const endedAt = Date.now();
    for (const delivery of await listDeliveries(behind)) {
      const attempts = delivery.messageId === id ? 1 : 2;
      expect(delivery).toMatchObject({ state: 'succeeded', attempts, rescues: 0 });
      const { attemptLog } = await ahead.call<{ attemptLog: { startedAt: number }[] }>(
        'deliveries.get',
        delivery.id,
      );
      const instants = [
        delivery.createdAt,
        ...attemptLog.map((attempt) => attempt.startedAt),
        delivery.finishedAt,
      ];
      for (const instant of instants) {
        expect(instant).toBeGreaterThan(startedAt - 60_000);
        expect(instant).toBeLessThan(endedAt + 60_000);
      }
      if (attempts === 2)
        expect(attemptLog[1]!.startedAt - attemptLog[0]!.startedAt).toBeGreaterThanOrEqual(990);
    }
    const differences = await Promise.all(
      workers.map(async (worker) => (await worker.health()).clockDifferenceMs! / HOUR),
    );
    expect(differences.map((hours) => hours.toFixed(1).replace('-0.0', '0.0'))).toEqual([
      '0.0',
      '-1.0',
      '1.0',
    ]);
  });
});
