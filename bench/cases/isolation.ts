/** What two bad endpoints cost 98 good ones: time from emit to receipt, at a rate that the machine can take. */
import type { IsolationActions, IsolationRun } from '../contenders/isolation.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type OwnPlace, Places } from '../harness/places.ts';
import { ratiosOf } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { expectSharedClock } from '../harness/shared-clock.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, percentile, round } from '../harness/statistics.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import { BadServers } from '../isolation/bad-servers.ts';
import { GOOD, type IsolationMode, MODES } from '../isolation/endpoints.ts';
import { LatencyTally } from '../harness/latency-tally.ts';
import type { OriginsActions } from '../origins.ts';

const SOURCES = {
  origins: new URL('../origins.ts', import.meta.url),
  isolation: new URL('../contenders/isolation.ts', import.meta.url),
};
const BASELINE: IsolationMode = 'healthy';
const STORES = ['memory', 'file', 'sqlite', 'postgres'] as const;
type StoreName = (typeof STORES)[number];
const GOAL = 'ratio at most 1.5';
/** Most sockets that an endpoint may have: its `concurrency`, by default. */
const SOCKETS_EACH = 10;
const FULL = { warmUpMs: 6_000, turns: 6, leadInMs: 1_000, turnMs: 4_000 };
const QUICK = { warmUpMs: 4_000, turns: 2, leadInMs: 500, turnMs: 1_500 };

/** A dispatcher at work. */
interface Party {
  readonly mode: IsolationMode;
  readonly place: OwnPlace;
  readonly dispatcher: MeasuredProcess<IsolationActions>;
  readonly tally: Tally;
  readonly latency: LatencyTally;
}

type Round = ReadonlyMap<IsolationMode, Party>;

interface Servers {
  readonly bundle: Bundle;
  readonly origins: MeasuredProcess<OriginsActions>;
  readonly urls: readonly string[];
  readonly bad: BadServers;
}

export const isolation: BenchCase = {
  name: 'isolation',
  summary: `time from emit to receipt of ${GOOD} endpoints beside one that never answers and one that fails`,
  contenders: STORES.flatMap((store) => MODES.map((mode) => `${store}-${mode}`)),
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using origins = startProcess<OriginsActions>(bundle.pathOf(SOURCES.origins));
    await using bad = await BadServers.start();
    await expectSharedClock(origins);
    const { urls } = await origins.call('listen', { secret: SECRET, origins: GOOD });
    const chosen = (store: StoreName): readonly IsolationMode[] =>
      MODES.filter((mode) => isChosen(options, `${store}-${mode}`));
    const stores = STORES.filter((store) => chosen(store).length > 0);
    await using places = await Places.open(bundle, stores, options.skip);
    const results: CaseResult[] = [];
    for (const store of stores.filter((each) => places.has(each))) {
      const modes = MODES.filter((mode) => mode === BASELINE || chosen(store).includes(mode));
      const rounds: Round[] = [];
      for (let number = 1; number <= options.rounds; number += 1) {
        rounds.push(await measureRound({ bundle, origins, urls, bad }, places, store, modes, options));
        const figures = [...rounds.at(-1)!.values()].map(
          ({ mode, latency }) => `${mode} ${latency.describe()}`,
        );
        options.log(`${store}, round ${number}/${options.rounds}: ${figures.join('; ')}`);
      }
      results.push(...modes.map((mode) => summarise(store, mode, rounds)));
    }
    return results;
  },
};

/** Processes are started anew, warmed up until what is bad is known to be, and take turns. */
async function measureRound(
  servers: Servers,
  places: Places,
  store: StoreName,
  modes: readonly IsolationMode[],
  options: CaseOptions,
): Promise<Round> {
  const pace = options.isQuick ? QUICK : FULL;
  const parties: Party[] = [];
  for (const mode of modes) parties.push(await open(servers, await places.create(store), mode, options));
  const work = async (party: Party, durationMs: number): Promise<IsolationRun> =>
    run(party, servers, { leadInMs: pace.leadInMs, durationMs }, options);
  for (const party of parties) {
    await work(party, pace.warmUpMs - pace.leadInMs);
    party.latency.clear();
    await servers.bad.expectInUse(party.mode, await party.dispatcher.call('openBreakers', undefined));
  }
  await takeTurns(parties, pace.turns, async (party) =>
    party.tally.addTurn(await work(party, pace.turnMs - pace.leadInMs)),
  );
  for (const { dispatcher, tally, place } of parties) {
    tally.errors += (await dispatcher.call('checkRecord', undefined)).errors;
    await dispatcher.call('close', undefined);
    await dispatcher[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  }
  return new Map(parties.map((party) => [party.mode, party]));
}

async function open(
  { bundle, urls, bad }: Servers,
  place: OwnPlace,
  mode: IsolationMode,
  { profileDirectory }: CaseOptions,
): Promise<Party> {
  const dispatcher = startProcess<IsolationActions>(bundle.pathOf(SOURCES.isolation), profileDirectory);
  await expectSharedClock(dispatcher);
  await dispatcher.call('open', { ...place, mode, secret: SECRET, urls, ...bad.urlsFor(mode) });
  return { mode, place, dispatcher, tally: new Tally(), latency: new LatencyTally() };
}

async function run(
  { mode, dispatcher, tally, latency }: Party,
  { origins, bad }: Servers,
  turn: { leadInMs: number; durationMs: number },
  { log }: CaseOptions,
): Promise<IsolationRun> {
  const failedBefore = bad.failures(mode);
  const result = await dispatcher.call('run', turn);
  const report = await origins.call('take', undefined);
  tally.check(result, report, GOOD * SOCKETS_EACH, log);
  const unmeasured = Math.abs(result.measured - report.latenciesMs.length);
  // Without a breaker everything that is emitted to the failing one goes out, or it was no load.
  const unsent = mode === 'no-breaker' ? Math.max(0, result.bad - (bad.failures(mode) - failedBefore)) : 0;
  if (unmeasured + unsent > 0)
    log(`${mode}: ${unmeasured} without a time, ${unsent} not sent to the endpoint that fails`);
  tally.errors += unmeasured + unsent;
  latency.addTurn(report.latenciesMs, result.lateMs);
  return result;
}

function summarise(store: StoreName, mode: IsolationMode, rounds: readonly Round[]): CaseResult {
  const parties = rounds.map((each) => each.get(mode)!);
  const ratios = rounds.map(
    (each) => each.get(mode)!.latency.turnP99Ms / each.get(BASELINE)!.latency.turnP99Ms,
  );
  const medianOf = (figure: (party: Party) => number, digits: number): number =>
    round(median(parties.map(figure)), digits);
  return {
    case: 'isolation',
    contender: `${store}-${mode}`,
    baseline: `${store}-${BASELINE}`,
    ...ratiosOf(ratios),
    errors: parties.reduce((sum, { tally }) => sum + tally.errors, 0),
    goal: GOAL,
    figures: {
      messages: parties.reduce((sum, { latency }) => sum + latency.all.length, 0),
      p50Ms: medianOf(({ latency }) => median(latency.all), 2),
      p99Ms: medianOf(({ latency }) => latency.turnP99Ms, 2),
      allP99Ms: medianOf(({ latency }) => percentile(latency.all, 0.99), 2),
      maxMs: round(Math.max(...parties.map(({ latency }) => percentile(latency.all, 1))), 1),
      lateP99Ms: medianOf(({ latency }) => percentile(latency.late, 0.99), 2),
      cpuMicros: medianOf(({ tally }) => tally.cpuMicrosEach, 0),
    },
  };
}
