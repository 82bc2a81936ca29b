/** Memory of a process with many endpoints and many messages that wait. */
import type { WaitingActions } from '../contenders/waiting.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { Places } from '../harness/places.ts';
import { playRounds, ratiosOf, type Rounds } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { Tally } from '../harness/tally.ts';
import type { ReceiverActions } from '../receiver.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  waiting: new URL('../contenders/waiting.ts', import.meta.url),
};
const STORES = ['memory', 'file', 'sqlite', 'better-sqlite3', 'postgres', 'mariadb'] as const;
type StoreName = (typeof STORES)[number];
const BASELINE = 'empty';
const SOCKETS = 50;
/** What the store holds, and what it is compared with. */
interface Load {
  readonly endpoints: number;
  readonly messages: number;
}
const EMPTY: Load = { endpoints: 1, messages: 1 };
const FULL: Load = { endpoints: 10_000, messages: 100_000 };
const QUICK: Load = { endpoints: 100, messages: 1_000 };

/** A process at its fullest: everything waits, and nothing was sent. */
interface Measured {
  readonly rssMb: number;
  readonly heapMb: number;
  /** While it then sent everything. */
  readonly deliveringRssMb: number;
  readonly errors: number;
}

interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
}

type Round = Readonly<Record<'empty' | 'full', Measured>>;

export const memory: BenchCase = {
  name: 'memory',
  summary: `memory with ${FULL.endpoints.toLocaleString('en')} endpoints and ${FULL.messages.toLocaleString('en')} messages that wait`,
  contenders: STORES,
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const stores = STORES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.skip);
    const world = { ...options, bundle, places, receiver, url };
    const load = options.isQuick ? QUICK : FULL;
    const played = await playRounds(
      stores.filter((store) => places.has(store)),
      options,
      async (store): Promise<Round> => ({
        empty: await measure(world, store, EMPTY),
        full: await measure(world, store, load),
      }),
      (store, { empty, full }) => `${store} ${full.rssMb} MB, ${BASELINE} ${empty.rssMb} MB`,
    );
    return played.map((each) => summarise(each, load));
  },
};

async function measure(
  { bundle, places, receiver, url, profileDirectory, log }: World,
  store: StoreName,
  load: Load,
): Promise<Measured> {
  await using place = await places.create(store);
  await using waiting = startProcess<WaitingActions>(bundle.pathOf(SOURCES.waiting), profileDirectory);
  await waiting.call('open', { ...place, url, secret: SECRET, sockets: SOCKETS });
  const filled = await waiting.call('fill', load);
  const { peakBytes, heapBytes } = await waiting.call('memory', undefined);
  const delivered = await waiting.call('deliver', undefined);
  const tally = new Tally();
  const run = { sent: load.messages, errors: filled.errors + delivered.errors };
  tally.check(run, await receiver.call('take', undefined), SOCKETS, log);
  const { peakBytes: deliveringBytes } = await waiting.call('memory', undefined);
  await waiting.call('close', undefined);
  const toMb = (bytes: number): number => round(bytes / 1e6, 0);
  return {
    rssMb: toMb(peakBytes),
    heapMb: toMb(heapBytes),
    deliveringRssMb: toMb(deliveringBytes),
    errors: tally.errors,
  };
}

function summarise({ contender: store, rounds }: Rounds<StoreName, Round>, load: Load): CaseResult {
  const medianOf = (figure: (round: Round) => number): number => round(median(rounds.map(figure)), 0);
  return {
    case: 'memory',
    contender: store,
    baseline: BASELINE,
    ...ratiosOf(rounds.map(({ full, empty }) => full.rssMb / empty.rssMb)),
    errors: rounds.reduce((sum, { full, empty }) => sum + full.errors + empty.errors, 0),
    goal: `${store}: none`,
    figures: {
      ...load,
      rssMb: medianOf(({ full }) => full.rssMb),
      baselineRssMb: medianOf(({ empty }) => empty.rssMb),
      heapMb: medianOf(({ full }) => full.heapMb),
      deliveringRssMb: medianOf(({ full }) => full.deliveringRssMb),
    },
  };
}
