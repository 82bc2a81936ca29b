/** One event to a great many endpoints, beside raw requests to all of them. */
import type { FanOutActions, FanOutTarget } from '../contenders/fan-out.ts';
import type { RawFanOutActions } from '../contenders/raw-fan-out.ts';
import { type BenchCase, type CaseOptions, isChosen } from '../harness/bench-case.ts';
import { bracket, type Pace, partyOf, type Round } from '../harness/bracket.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type Contest, playContests, summarise } from '../harness/contests.ts';
import { Places } from '../harness/places.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import type { OriginsActions } from '../origins.ts';
import { goalOf } from '../targets.ts';

const SOURCES = {
  origins: new URL('../origins.ts', import.meta.url),
  raw: new URL('../contenders/raw-fan-out.ts', import.meta.url),
  fanOut: new URL('../contenders/fan-out.ts', import.meta.url),
};
const STORES = ['memory', 'file', 'sqlite', 'better-sqlite3', 'postgres'] as const;
type StoreName = (typeof STORES)[number];
const BASELINE = 'Agent.request';
const ENDPOINTS = 1_000;
const ORIGINS = 100;
const IN_FLIGHT = 50;
const MAX_SOCKETS = ORIGINS * IN_FLIGHT;
const FULL: Pace = { warmUp: 15_000, turns: 6, turnMs: 1_500 };
const QUICK: Pace = { warmUp: 1_000, turns: 2, turnMs: 100 };

interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly origins: MeasuredProcess<OriginsActions>;
  readonly target: FanOutTarget;
}

export const fanout: BenchCase = {
  name: 'fanout',
  summary: `deliveries/s of one event after the other to ${ENDPOINTS} endpoints on ${ORIGINS} origins`,
  contenders: STORES,
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using origins = startProcess<OriginsActions>(bundle.pathOf(SOURCES.origins));
    const { urls } = await origins.call('listen', { secret: SECRET, origins: ORIGINS });
    const stores = STORES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.skip);
    const target: FanOutTarget = {
      urls: Array.from({ length: ENDPOINTS }, (_, index) => `${urls[index % ORIGINS]!}/${index}`),
      secret: SECRET,
      inFlight: IN_FLIGHT,
    };
    const world = { ...options, bundle, places, origins, target };
    const contests = stores
      .filter((store) => places.has(store))
      .map((store): Contest => ({
        contender: store,
        baseline: BASELINE,
        goal: goalOf('fanout', store),
        measure: () => measure(world, store),
      }));
    return (await playContests(contests, options)).map((played) => summarise('fanout', played));
  },
};

async function measure(world: World, store: StoreName): Promise<Round> {
  const { bundle, places, origins, target, isQuick, profileDirectory, log } = world;
  await using place = await places.create(store);
  await using raw = startProcess<RawFanOutActions>(bundle.pathOf(SOURCES.raw));
  await using dispatcher = startProcess<FanOutActions>(bundle.pathOf(SOURCES.fanOut), profileDirectory);
  await raw.call('open', target);
  await dispatcher.call('open', { ...place, ...target });
  const result = await bracket({
    baseline: partyOf(raw, MAX_SOCKETS, (durationMs) => raw.call('run', { durationMs })),
    contender: partyOf(dispatcher, MAX_SOCKETS, (durationMs) => dispatcher.call('run', { durationMs })),
    pace: isQuick ? QUICK : FULL,
    take: () => origins.call('take', undefined),
    log,
  });
  result.contender.tally.errors += (await dispatcher.call('checkRecord', undefined)).errors;
  await dispatcher.call('close', undefined);
  return result;
}
