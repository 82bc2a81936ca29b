/** Time from emit to receipt at a rate that every contender can take. */
import type { LatencyActions } from '../contenders/latency.ts';
import type { PacedRun, PacedTurn } from '../contenders/paced.ts';
import type { RawActions } from '../contenders/raw.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { LatencyTally } from '../harness/latency-tally.ts';
import { Places } from '../harness/places.ts';
import { playRounds, ratiosOf, type Rounds } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { expectSharedClock } from '../harness/shared-clock.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, percentile, round } from '../harness/statistics.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import type { OriginsActions } from '../origins.ts';
import { goalOf } from '../targets.ts';

const SOURCES = {
  origins: new URL('../origins.ts', import.meta.url),
  raw: new URL('../contenders/raw.ts', import.meta.url),
  latency: new URL('../contenders/latency.ts', import.meta.url),
};
const STORES = ['memory', 'file', 'sqlite', 'better-sqlite3', 'postgres', 'mariadb'] as const;
type StoreName = (typeof STORES)[number];
const BASELINE = 'undici.request';
const PER_SECOND = 200;
const SOCKETS = 50;
const FULL = { warmUpMs: 5_000, turns: 4, leadInMs: 500, turnMs: 2_500 };
const QUICK = { warmUpMs: 200, turns: 1, leadInMs: 100, turnMs: 300 };

/** A process at work. */
interface Party {
  readonly pace: (turn: PacedTurn) => Promise<PacedRun>;
  readonly tally: Tally;
  readonly latency: LatencyTally;
}

interface Round {
  readonly baseline: Party;
  readonly contender: Party;
}

interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly origins: MeasuredProcess<OriginsActions>;
  readonly url: string;
}

export const latency: BenchCase = {
  name: 'latency',
  summary: `time from emit to receipt at ${PER_SECOND}/s beside ${BASELINE} at the same rate`,
  contenders: STORES,
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using origins = startProcess<OriginsActions>(bundle.pathOf(SOURCES.origins));
    await expectSharedClock(origins);
    const { urls } = await origins.call('listen', { secret: SECRET, origins: 1 });
    const stores = STORES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.skip);
    const world = { ...options, bundle, places, origins, url: urls[0]! };
    const played = await playRounds(
      stores.filter((store) => places.has(store)),
      options,
      (store) => measure(world, store),
      (store, { contender, baseline }) =>
        `${store} ${contender.latency.describe()}; ${BASELINE} ${baseline.latency.describe()}`,
    );
    return played.map(summarise);
  },
};

/** Both processes are started anew, and take turns. */
async function measure(world: World, store: StoreName): Promise<Round> {
  const { bundle, places, url, isQuick, profileDirectory } = world;
  const target = { url, secret: SECRET, sockets: SOCKETS };
  await using place = await places.create(store);
  await using raw = startProcess<RawActions>(bundle.pathOf(SOURCES.raw));
  await using dispatcher = startProcess<LatencyActions>(bundle.pathOf(SOURCES.latency), profileDirectory);
  for (const each of [raw, dispatcher]) await expectSharedClock(each as typeof raw);
  await raw.call('open', { ...target, client: BASELINE });
  await dispatcher.call('open', { ...target, ...place });
  const baseline = createParty((turn) => raw.call('pace', turn));
  const contender = createParty((turn) => dispatcher.call('pace', turn));
  const { warmUpMs, turns, leadInMs, turnMs } = isQuick ? QUICK : FULL;
  for (const party of [baseline, contender]) {
    await work(world, party, { perSecond: PER_SECOND, leadInMs: 0, durationMs: warmUpMs });
    party.latency.clear();
  }
  const turn = { perSecond: PER_SECOND, leadInMs, durationMs: turnMs };
  await takeTurns([baseline, contender], turns, async (party) =>
    party.tally.addTurn(await work(world, party, turn)),
  );
  contender.tally.errors += (await dispatcher.call('checkRecord', undefined)).errors;
  await dispatcher.call('close', undefined);
  return { baseline, contender };
}

function createParty(pace: Party['pace']): Party {
  return { pace, tally: new Tally(), latency: new LatencyTally() };
}

async function work(
  { origins, log }: World,
  { pace, tally, latency: times }: Party,
  turn: PacedTurn,
): Promise<PacedRun> {
  const result = await pace(turn);
  const report = await origins.call('take', undefined);
  tally.check(result, report, SOCKETS, log);
  const unmeasured = Math.abs(result.measured - report.latenciesMs.length);
  if (unmeasured > 0) log(`${unmeasured} without a time`);
  tally.errors += unmeasured;
  times.addTurn(report.latenciesMs, result.lateMs);
  return result;
}

function summarise({ contender: store, rounds }: Rounds<StoreName, Round>): CaseResult {
  const medianOf = (figure: (round: Round) => number): number => round(median(rounds.map(figure)), 2);
  const p50Of = ({ latency: times }: Party): number => median(times.all);
  return {
    case: 'latency',
    contender: store,
    baseline: BASELINE,
    ...ratiosOf(rounds.map(({ contender, baseline }) => p50Of(contender) / p50Of(baseline))),
    errors: rounds.reduce(
      (sum, { contender, baseline }) => sum + contender.tally.errors + baseline.tally.errors,
      0,
    ),
    goal: goalOf('latency', store),
    figures: {
      p50Ms: medianOf(({ contender }) => p50Of(contender)),
      baselineP50Ms: medianOf(({ baseline }) => p50Of(baseline)),
      p99Ms: medianOf(({ contender }) => contender.latency.turnP99Ms),
      baselineP99Ms: medianOf(({ baseline }) => baseline.latency.turnP99Ms),
      p99Ratio: medianOf(
        ({ contender, baseline }) => contender.latency.turnP99Ms / baseline.latency.turnP99Ms,
      ),
      lateP99Ms: medianOf(({ contender }) => percentile(contender.latency.late, 0.99)),
      cpuMicros: medianOf(({ contender }) => contender.tally.cpuMicrosEach),
      baselineCpuMicros: medianOf(({ baseline }) => baseline.tally.cpuMicrosEach),
    },
  };
}
