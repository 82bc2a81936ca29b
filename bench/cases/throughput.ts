/** Deliveries per second of the dispatcher, and of other clients, beside a raw loop. */
import type { ClientName } from '../contenders/clients.ts';
import type { DispatcherActions } from '../contenders/dispatcher.ts';
import { slotsFor } from '../contenders/job.ts';
import type { RawActions } from '../contenders/raw.ts';
import { type BenchCase, type CaseOptions, isChosen } from '../harness/bench-case.ts';
import { bracket, type Pace, type Party, partyOf, type Round } from '../harness/bracket.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type Contest, playContests, summarise } from '../harness/contests.ts';
import { Places } from '../harness/places.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { STORE_NAMES, type StoreName } from '../harness/store-place.ts';
import type { ReceiverActions } from '../receiver.ts';
import { goalOf } from '../targets.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  raw: new URL('../contenders/raw.ts', import.meta.url),
  dispatcher: new URL('../contenders/dispatcher.ts', import.meta.url),
};
const SOCKETS = 50;
const BASELINE = 'undici.request';
const MODES = ['live', 'drain'] as const;
/** Messages that are emitted and not yet delivered. What is written to a disk is written together, so more of it are under way. */
const OUTSTANDING = { inMemory: 100, onDisk: 500 };
const FULL: Pace = { warmUp: 15_000, turns: 6, turnMs: 1_500 };
const QUICK: Pace = { warmUp: 200, turns: 2, turnMs: 100 };

type Mode = (typeof MODES)[number];

/** Where everything runs. */
interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
}

/** A dispatcher beside a client. */
interface Terms {
  readonly store: StoreName;
  readonly mode: Mode;
  readonly transport: 'undici' | 'ky';
  readonly baseline: ClientName;
}

export const throughput: BenchCase = {
  name: 'throughput',
  summary: `deliveries/s with each store beside a raw ${BASELINE} loop: 1 KB, signed, ${SOCKETS} sockets`,
  contenders: ['undici.dispatch', ...STORE_NAMES, 'ky'],
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const stores = STORE_NAMES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.skip);
    const world = { ...options, bundle, places, receiver, url };
    const measured = stores.filter((store) => places.has(store));
    const contests = [
      ...(isChosen(options, 'undici.dispatch') ? [clientContest(world, 'undici.dispatch')] : []),
      ...MODES.flatMap((mode) => measured.map((store) => storeContest(world, store, mode))),
      ...(isChosen(options, 'ky') ? [kyContest(world)] : []),
    ];
    return (await playContests(contests, options)).map((played) => summarise('throughput', played));
  },
};

function clientContest(world: World, contender: ClientName): Contest {
  return {
    contender,
    baseline: BASELINE,
    goal: goalOf('throughput', contender),
    measure: async () => {
      await using baseline = await startClient(world, BASELINE);
      await using other = await startClient(world, contender);
      return await playRound(world, clientParty(baseline), clientParty(other));
    },
  };
}

function storeContest(world: World, store: StoreName, mode: Mode): Contest {
  return {
    contender: store,
    mode,
    baseline: BASELINE,
    goal: goalOf('throughput', store, mode),
    measure: () => measureDispatcher(world, { store, mode, transport: 'undici', baseline: BASELINE }),
  };
}

/** What `kyTransport()` costs beside ky itself. */
function kyContest(world: World): Contest {
  return {
    contender: 'ky',
    mode: 'live',
    baseline: 'ky loop',
    goal: goalOf('throughput', 'ky', 'live'),
    measure: () =>
      measureDispatcher(world, { store: 'memory', mode: 'live', transport: 'ky', baseline: 'ky' }),
  };
}

async function measureDispatcher(world: World, terms: Terms): Promise<Round> {
  const { bundle, places, url, profileDirectory, log } = world;
  const { store, mode, transport } = terms;
  await using place = await places.create(store);
  await using raw = await startClient(world, terms.baseline);
  await using dispatcher = startProcess<DispatcherActions>(
    bundle.pathOf(SOURCES.dispatcher),
    profileDirectory,
  );
  const maxOutstanding = store === 'memory' ? OUTSTANDING.inMemory : OUTSTANDING.onDisk;
  await dispatcher.call('open', {
    ...place,
    url,
    secret: SECRET,
    sockets: SOCKETS,
    maxOutstanding,
    transport,
  });
  const contender = partyOf(dispatcher, slotsFor(SOCKETS), (durationMs) =>
    dispatcher.call(mode, { durationMs }),
  );
  const result = await playRound(world, clientParty(raw), contender);
  const record = await dispatcher.call('checkRecord', undefined);
  if (record.errors > 0) log(`the record is wrong in ${record.errors} deliveries`);
  result.contender.tally.errors += record.errors;
  await dispatcher.call('close', undefined);
  return result;
}

async function startClient({ bundle, url }: World, client: ClientName): Promise<MeasuredProcess<RawActions>> {
  const raw = startProcess<RawActions>(bundle.pathOf(SOURCES.raw));
  await raw.call('open', { url, secret: SECRET, sockets: SOCKETS, client });
  return raw;
}

function playRound({ isQuick, receiver, log }: World, baseline: Party, contender: Party): Promise<Round> {
  const pace = isQuick ? QUICK : FULL;
  return bracket({ baseline, contender, pace, take: () => receiver.call('take', undefined), log });
}

function clientParty(client: MeasuredProcess<RawActions>): Party {
  return partyOf(client, SOCKETS, (durationMs) => client.call('run', { durationMs }));
}
