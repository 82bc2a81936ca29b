/** What an emit costs its caller: on each store, and with a great many endpoints registered. */
import type { EmitterActions } from '../contenders/emitter.ts';
import { type BenchCase, type CaseOptions, isChosen } from '../harness/bench-case.ts';
import { bracket, type Pace, type Party, partyOf, type Round } from '../harness/bracket.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type Contest, playContests, summarise } from '../harness/contests.ts';
import { type OwnPlace, Places } from '../harness/places.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import type { ReceiverActions } from '../receiver.ts';
import { measureRegistries, type Registry, REGISTRY_SOURCE } from '../registry/measure-registries.ts';
import { goalOf } from '../targets.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  emitter: new URL('../contenders/emitter.ts', import.meta.url),
};
const BASELINE = 'memory';
const STORES = ['file', 'sqlite', 'better-sqlite3', 'postgres', 'mariadb'] as const;
type StoreName = (typeof STORES)[number];
const CALLERS = { '1 caller': 1, '50 callers': 50 } as const;
type Mode = keyof typeof CALLERS;
const MODES = Object.keys(CALLERS) as Mode[];
const REGISTRIES = (['mixed', 'filters'] as const).flatMap((kind) => {
  const nameOf = (size: number): string => (kind === 'mixed' ? String(size) : `${size}-filters`);
  return [10, 100_000].map((size): Registry => ({
    name: nameOf(size),
    size,
    kind,
    baseline: nameOf(10),
    goal: goalOf('emit', nameOf(size)),
  }));
});
const SOCKETS = 50;
const FULL: Pace = { warmUp: 3_000, turns: 6, turnMs: 250 };
const QUICK: Pace = { warmUp: 50, turns: 2, turnMs: 30 };

interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly secret: string;
}

export const emit: BenchCase = {
  name: 'emit',
  summary: 'emits/s of 1 and 50 callers, per store, and cost of an emit with 100,000 endpoints or filters',
  contenders: [...STORES, ...REGISTRIES.map(({ name }) => name)],
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle([...Object.values(SOURCES), REGISTRY_SOURCE]);
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const stores = STORES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.skip);
    const world: World = { ...options, bundle, places, receiver, url, secret: SECRET };
    const contests = stores
      .filter((store) => places.has(store))
      .flatMap((store) => MODES.map((mode) => contestOf(world, store, mode)));
    const played = await playContests(contests, options);
    const chosen = REGISTRIES.filter(({ name }) => isChosen(options, name));
    const needed = REGISTRIES.filter(
      (registry) => chosen.includes(registry) || chosen.some(({ baseline }) => baseline === registry.name),
    );
    return [
      ...played.map((each) => summarise('emit', each)),
      ...(needed.length === 0 ? [] : await measureRegistries('emit', needed, world)),
    ];
  },
};

function contestOf(world: World, store: StoreName, mode: Mode): Contest {
  return {
    contender: store,
    mode,
    baseline: BASELINE,
    goal: goalOf('emit', store, mode),
    measure: () => measure(world, store, CALLERS[mode]),
  };
}

async function measure(world: World, store: StoreName, callers: number): Promise<Round> {
  const { places, receiver, isQuick, log } = world;
  await using ownPlace = await places.create(store);
  await using basePlace = await places.create(BASELINE);
  await using base = await start(world, basePlace);
  await using own = await start(world, ownPlace);
  const result = await bracket({
    baseline: emitting(base, callers),
    contender: emitting(own, callers),
    pace: isQuick ? QUICK : FULL,
    take: () => receiver.call('take', undefined),
    log,
  });
  for (const [side, emitter] of [
    [result.baseline, base],
    [result.contender, own],
  ] as const) {
    side.tally.errors += (await emitter.call('checkRecord', undefined)).errors;
    await emitter.call('close', undefined);
  }
  return result;
}

async function start(
  { bundle, url, secret, profileDirectory }: World,
  place: OwnPlace,
): Promise<MeasuredProcess<EmitterActions>> {
  const emitter = startProcess<EmitterActions>(bundle.pathOf(SOURCES.emitter), profileDirectory);
  await emitter.call('open', { ...place, url, secret, sockets: SOCKETS });
  return emitter;
}

function emitting(emitter: MeasuredProcess<EmitterActions>, callers: number): Party {
  return partyOf(emitter, SOCKETS, (durationMs) => emitter.call('emit', { durationMs, callers }));
}
