import { expect } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { RecordedRequest } from '../../src/listener/recorded-request.ts';
import { createHarness } from '../../src/testing/harness.ts';

export const START: number = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;
export const DATA = { text: 'ünï "quoted" \u2028 € 😀', n: 1.5, nested: { list: [1, null, ''] } };

/** Two attempts of one delivery, as they arrived: the first fails, the second comes ten hours later. */
export async function deliverTwice(
  endpoint: Partial<EndpointInput>,
  data: JsonValue | Uint8Array = DATA,
): Promise<readonly [first: RecordedRequest, retry: RecordedRequest]> {
  await using harness = await createHarness({ startAt: START });
  harness.receiver.reply(500, 204);
  await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [10 * HOUR] }, ...endpoint });
  await harness.dispatcher.emit('job.done', data);
  await harness.advance(10 * HOUR);
  expect(harness.receiver.received).toBe(2);
  const [first, retry] = harness.receiver.requests;
  return [first!, retry!];
}
