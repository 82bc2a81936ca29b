import { describe, expect, it } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';

describe('a range of time that ends before it begins', () => {
  it('is refused by every call that takes one', async () => {
    await using harness = await createHarness();
    const { messages, deliveries, stats, replay } = harness.dispatcher;
    const range = { since: Date.UTC(2026, 0, 2), until: new Date(Date.UTC(2026, 0, 1)) };
    const error = {
      code: 'invalid_option',
      path: 'until',
      message: expect.stringContaining(
        'expected an instant that is not before since (2026-01-02T00:00:00.000Z), got 2026-01-01T00:00:00.000Z',
      ) as string,
    };
    const calls = [
      () => messages.list(range),
      () => deliveries.list(range),
      () => stats.call(harness.dispatcher, range),
      () => replay.call(harness.dispatcher, range),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(error);
  });
});
