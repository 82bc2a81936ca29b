import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { classify } from '../../src/core/classify.ts';
import { reasonOf, responseOf } from '../../src/core/outcome.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { DEFAULTS } from '../../src/options.ts';
import type { FaultReceiver } from '../../src/listener/fault-options.ts';
import { createFaultReceiver } from '../../src/listener/fault-receiver.ts';
import { FAULT_NAMES } from '../../src/listener/faults.ts';
import { createHarness, type DeliveryReport, type Harness } from '../../src/testing/harness.ts';
import {
  exchangeOf,
  FAULT_TABLE,
  type FaultResult,
  type FaultRow,
  nameOfRow,
} from '../../src/testing/transport-suite/fault-table.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';

const TIMEOUT_MS = 5_000;
/** How often deadlines are looked at, which is how late an attempt may end. */
const TOLERANCE_MS = 50;
const LARGE = 'x'.repeat(8 * 1024 * 1024);

/** Transports, with what may come of a fault instead of what the table says. */
const TRANSPORTS = [
  { name: 'undici', create: undiciTransport, deviations: new Map<string, FaultResult>() },
  {
    name: 'ky',
    create: kyTransport,
    // fetch refuses a response with more than five encodings as a whole, but for that of early releases of Node.js 20.
    deviations: new Map<string, FaultResult>([
      ['stacked_encodings', { kind: 'failure', reason: 'bad_response', ends: 'at once' }],
    ]),
  },
] as const;
type TransportUnderTest = (typeof TRANSPORTS)[number];

interface World {
  readonly harness: Harness;
  readonly receiver: FaultReceiver;
  readonly endpointId: string;
}

async function setup(
  { create }: TransportUnderTest,
  row: FaultRow,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const receiver = await createFaultReceiver({ dripMs: 1, ...row.play });
  const harness = await createHarness({
    dispatcher: {
      transport: create({ tls: { ca: receiver.ca } }),
      network: { allowPrivate: ['127.0.0.0/8'], lookup: receiver.lookup },
      timeoutMs: TIMEOUT_MS,
      maxPayloadBytes: Infinity,
    },
  });
  try {
    const { id } = await harness.createEndpoint({ url: receiver.url });
    await run({ harness, receiver, endpointId: id });
  } finally {
    await harness.close();
    await receiver.close();
  }
}

/** Emits one message and gives its delivery after one attempt. */
async function attempt(world: World, row: FaultRow, result: FaultResult): Promise<DeliveryReport> {
  const { harness, receiver, endpointId } = world;
  const data = row.isLarge === true ? { large: LARGE } : {};
  const { id: messageId } = await harness.dispatcher.emit('job.completed', data);
  if (result.ends === 'at the deadline') {
    await receiver.waitForPlayed(1);
    // In a request to another server and back, what the receiver wrote before has been read.
    await fetch(harness.receiver.url, { method: 'POST' });
    const startedAt = harness.clock.now();
    await harness.clock.advance(TIMEOUT_MS - 1);
    assert.equal((await harness.dispatcher.health()).inFlight, 1, 'in flight until the deadline');
    await harness.clock.advance(1 + TOLERANCE_MS);
    assert.ok(harness.clock.now() - startedAt <= TIMEOUT_MS + TOLERANCE_MS);
  }
  await harness.dispatcher.drain();
  const report = (await harness.deliveriesTo(endpointId)).find(
    (delivery) => delivery.messageId === messageId,
  );
  assert.ok(report !== undefined);
  return report;
}

function expectAttempt(report: DeliveryReport, result: FaultResult): void {
  const outcome = classify(exchangeOf(result), DEFAULTS.success, 0);
  const [logged, ...others] = report.attemptLog;
  const shown = JSON.stringify(report.attemptLog);
  assert.ok(logged !== undefined && others.length === 0, shown);
  assert.deepEqual(
    [logged.outcome, logged.reason, logged.response?.status],
    [outcome.kind, reasonOf(outcome), responseOf(outcome)?.status],
    shown,
  );
  if (result.kind === 'response' && result.body !== 'either')
    assert.equal(logged.response?.bodyComplete, result.body === 'complete', shown);
  if (result.ends === 'at the deadline')
    assert.ok(logged.durationMs >= TIMEOUT_MS && logged.durationMs <= TIMEOUT_MS + TOLERANCE_MS, shown);
  const state = outcome.kind === 'delivered' ? 'succeeded' : 'scheduled';
  assert.equal(report.state, logged.response?.status === 410 ? 'discarded' : state, shown);
}

describe('FAULT_TABLE', () => {
  it('has every fault', () => {
    const played = new Set(FAULT_TABLE.map(({ play }) => play.fault));
    assert.deepEqual(
      FAULT_NAMES.filter((name) => !played.has(name)),
      [],
    );
  });

  it('has no row twice', () => {
    assert.equal(new Set(FAULT_TABLE.map(nameOfRow)).size, FAULT_TABLE.length);
  });
});

describe.each(TRANSPORTS)('an attempt over $name at a receiver that plays', (transport) => {
  it.each(FAULT_TABLE.map((row) => [nameOfRow(row), row] as const))('%s', async (name, row) => {
    await setup(transport, row, async (world) => {
      if (row.before !== undefined) {
        expectAttempt(await attempt(world, row, row.before), row.before);
        await fetch(world.harness.receiver.url, { method: 'POST' });
      }
      const report = await attempt(world, row, row.result);
      const deviation = transport.deviations.get(name);
      const isDeviant = deviation !== undefined && report.state !== 'succeeded';
      expectAttempt(report, isDeviant ? deviation : row.result);
    });
  });
});

describe.each(TRANSPORTS)('by the real clock, an attempt over $name', ({ create }) => {
  /** For the machine, which may be busy. */
  const slackMs = 2_000;
  const timeoutMs = 250;

  it('ends at its deadline, whatever the receiver does to put it off', async () => {
    const rows = FAULT_TABLE.filter(({ result }) => result.ends === 'at the deadline');
    const durations = await Promise.all(
      rows.map(async (row) => {
        const receiver = await createFaultReceiver({ dripMs: 20, ...row.play });
        const dispatcher = new WebhookDispatcher({
          transport: create({ tls: { ca: receiver.ca } }),
          network: { allowPrivate: ['127.0.0.0/8'], lookup: receiver.lookup },
          timeoutMs,
        });
        try {
          const { id } = await dispatcher.endpoints.create({ url: receiver.url });
          const { durationMs } = await dispatcher.endpoints.test(id);
          return [nameOfRow(row), durationMs] as const;
        } finally {
          await dispatcher.stop({ timeoutMs: 0 });
          await receiver.close();
        }
      }),
    );
    const wrong = durations.filter(
      ([, ms]) => ms < timeoutMs - TOLERANCE_MS || ms > timeoutMs + TOLERANCE_MS + slackMs,
    );
    assert.deepEqual(wrong, []);
    assert.ok(durations.length >= 10);
  });
});
