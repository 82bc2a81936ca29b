/** `npm run test:leaks` asks the same after 100,000 deliveries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../bench/harness/bundle.ts';
import { buildLeakPrograms, findLeaks } from '../stress/leaks/find-leaks.ts';

const BUILD_TIMEOUT_MS = 60_000;

let bundle: Bundle;
beforeAll(async () => {
  bundle = await buildLeakPrograms();
}, BUILD_TIMEOUT_MS);
afterAll(() => bundle[Symbol.asyncDispose]());

describe.each([
  ['undici', 4_000],
  ['ky', 2_000],
] as const)('a host that sends with %s', (transport, deliveries) => {
  it(
    `has no more objects, handles, listeners and heap after ${deliveries} deliveries, and nothing open after stop()`,
    { timeout: 180_000 },
    async () => {
      const { problems, ...alive } = await findLeaks(bundle, transport, deliveries);
      expect(problems, JSON.stringify(alive)).toEqual([]);
    },
  );
});
