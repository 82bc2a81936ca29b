/** `npm run test:leaks [-- --deliveries 100000]`: what is left after so many deliveries, on each transport. Ends by itself. */
import { parseArgs } from 'node:util';
import { buildLeakPrograms, findLeaks } from './find-leaks.ts';

const { values } = parseArgs({ options: { deliveries: { type: 'string', default: '100000' } } });
const deliveries = Number(values.deliveries);
if (!Number.isSafeInteger(deliveries) || deliveries < 1)
  throw new Error(`--deliveries: expected a whole number of at least 1, got ${values.deliveries}`);

await using bundle = await buildLeakPrograms();
for (const transport of ['undici', 'ky'] as const) {
  const startedAt = performance.now();
  const { problems, ...alive } = await findLeaks(bundle, transport, deliveries);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${transport}: ${deliveries} deliveries in ${seconds} s, ${problems.length} problems`);
  for (const [when, { heapBytes, objects }] of Object.entries(alive))
    console.log(`  ${when}: ${(heapBytes / 1e6).toFixed(1)} MB, ${JSON.stringify(objects)}`);
  for (const problem of problems) console.error(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
