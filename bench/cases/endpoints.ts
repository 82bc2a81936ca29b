/** What an emit costs when few and when many endpoints are registered, and always ten want the message. */
import { type BenchCase, isChosen } from '../harness/bench-case.ts';
import { createBundle } from '../harness/bundle.ts';
import { SECRET } from '../harness/secret.ts';
import { startProcess } from '../harness/start-process.ts';
import type { ReceiverActions } from '../receiver.ts';
import { measureRegistries, type Registry, REGISTRY_SOURCE } from '../registry/measure-registries.ts';

const RECEIVER = new URL('../receiver.ts', import.meta.url);
const SIZES = [10, 1_000, 100_000] as const;
const BASELINE = String(SIZES[0]);
const GOAL = 'flat: at most 1.3 times the cost at 10 endpoints';

export const endpoints: BenchCase = {
  name: 'endpoints',
  summary: `cost of an emit at ${SIZES.join(', ')} registered endpoints, ten of which match`,
  contenders: SIZES.map(String),
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle([RECEIVER, REGISTRY_SOURCE]);
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(RECEIVER));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const registries = SIZES.map((size): Registry => ({
      name: String(size),
      size,
      kind: 'mixed',
      baseline: BASELINE,
      goal: GOAL,
    })).filter(({ name }) => name === BASELINE || isChosen(options, name));
    return await measureRegistries('endpoints', registries, {
      ...options,
      bundle,
      receiver,
      url,
      secret: SECRET,
    });
  },
};
