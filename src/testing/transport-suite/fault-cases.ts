import assert from 'node:assert/strict';
import type { FaultName } from '../../listener/faults.ts';
import type { TransportRequest, TransportResult } from '../../transport/transport.ts';
import { FAULT_TABLE, type FaultResult, type FaultRow, nameOfRow } from './fault-table.ts';
import type { SuiteCase } from './suite-case.ts';
import { describeResult, type TransportWorld } from './transport-world.ts';

/** Faults as receivers on the Internet produce them. Quick ones, so that what drips has dripped before it is aborted. */
export const faultCases: readonly SuiteCase[] = FAULT_TABLE.map((row) => ({
  name: `fault: ${nameOfRow(row)}`,
  run: (world) => run(world, row),
}));

const LARGE_BYTES = 8 * 1024 * 1024;

/** A receiver that reads nothing does not notice, and a connection that is being made ends by its own time limit. */
const UNAWARE: readonly FaultName[] = ['never_reads', 'half_open', 'tls_stalled'];

async function run(world: TransportWorld, row: FaultRow): Promise<void> {
  const receiver = await world.play({ dripMs: 1, ...row.play });
  const transport = await world.open({ lookup: receiver.lookup }, { ca: receiver.ca });
  const request: Partial<TransportRequest> =
    row.isLarge === true ? { body: new Uint8Array(LARGE_BYTES) } : {};
  if (row.before !== undefined) {
    expectResult(await world.send(transport, receiver.url, request).result, row.before);
    // What a receiver sends or closes afterwards has arrived by then.
    await world.roundTrip(transport);
  }
  const sent = world.send(transport, receiver.url, request);
  if (row.result.ends === 'at the deadline') {
    await receiver.waitForPlayed(1);
    await world.roundTrip(transport);
    assert.deepEqual(sent.results, [], 'results before the deadline');
    sent.exchange.abort('timeout');
    assert.equal(sent.results.length, 1, 'results at the deadline');
    if (!UNAWARE.includes(row.play.fault)) await receiver.waitForIdle();
  }
  expectResult(await sent.result, row.result);
  const isResent = row.play.fault === 'reset_on_reuse' || row.play.fault === 'close_on_reuse';
  assert.ok(receiver.received <= (row.before === undefined ? 1 : isResent ? 3 : 2), 'requests received');
}

function expectResult(result: TransportResult, expected: FaultResult): void {
  const shown = describeResult(result);
  if (expected.kind === 'failure') {
    assert.deepEqual(
      [result.kind, result.kind === 'failure' && result.reason],
      ['failure', expected.reason],
      shown,
    );
    return;
  }
  assert.ok(result.kind === 'response', shown);
  assert.equal(result.status, expected.status);
  if (expected.body !== 'either') assert.equal(result.bodyComplete, expected.body === 'complete', shown);
}
