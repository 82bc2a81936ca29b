/** Deliveries per second of the dispatcher, beside a raw loop over `undici.request`. */
import type { DispatcherActions } from '../contenders/dispatcher.ts';
import type { RunResult } from '../contenders/job.ts';
import type { RawActions } from '../contenders/raw.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { Places } from '../harness/places.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { STORE_NAMES, type StoreName } from '../harness/store-place.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import { warmUp } from '../harness/warm-up.ts';
import type { ReceiverActions } from '../receiver.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  raw: new URL('../contenders/raw.ts', import.meta.url),
  dispatcher: new URL('../contenders/dispatcher.ts', import.meta.url),
};
const SOCKETS = 50;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr';
const BASELINE = 'undici.request';
const MODES = ['live', 'drain'] as const;

type Mode = (typeof MODES)[number];

/** How a store is measured. */
interface StoreTerms {
  readonly goals: Readonly<Record<Mode, string>>;
  /** Messages that are emitted and not yet delivered. What is written to a disk is written together, so more of it are under way. */
  readonly maxOutstanding: number;
}

const TERMS: Readonly<Record<StoreName, StoreTerms>> = {
  memory: { maxOutstanding: 100, goals: { live: '0.7; the target is 1.0', drain: '0.7' } },
  file: { maxOutstanding: 500, goals: { live: '0.6', drain: '0.65' } },
  sqlite: { maxOutstanding: 500, goals: { live: 'none', drain: 'none' } },
  'better-sqlite3': { maxOutstanding: 500, goals: { live: '0.5', drain: '0.65' } },
  postgres: { maxOutstanding: 500, goals: { live: '0.4', drain: '0.65' } },
};

/** Turns of each process. */
interface Pace {
  /** Messages before anything is timed. Not a time: on a busy machine little of the code would be compiled by its end. */
  readonly warmUp: number;
  readonly turns: number;
  readonly turnMs: number;
}

const FULL: Pace = { warmUp: 15_000, turns: 6, turnMs: 1_500 };
const QUICK: Pace = { warmUp: 1_500, turns: 4, turnMs: 200 };

/** The measured side of one process. */
interface Party {
  readonly run: (durationMs: number) => Promise<RunResult>;
  readonly tally: Tally;
}

interface Round {
  readonly contender: Tally;
  readonly baseline: Tally;
}

export const throughput: BenchCase = {
  name: 'throughput',
  summary: `deliveries/s with each store beside a raw ${BASELINE} loop: 1 KB, signed, ${SOCKETS} sockets`,
  contenders: STORE_NAMES,
  defaultRounds: 5,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const stores = STORE_NAMES.filter((store) => isChosen(options, store));
    await using places = await Places.open(bundle, stores, options.log);
    const contenders = stores
      .filter((store) => places.has(store))
      .flatMap((store) => MODES.map((mode) => ({ store, mode, rounds: [] as Round[] })));
    for (let number = 1; number <= options.rounds; number += 1) {
      for (const { store, mode, rounds } of contenders) {
        const measured = await measure({ ...options, bundle, places, receiver, url, store, mode });
        rounds.push(measured);
        const ratio = round(ratioOf(measured), 2);
        options.log(
          `round ${number}/${options.rounds}: ${store} ${mode} ${describe(measured)}, ratio ${ratio}`,
        );
      }
      // Nobody always comes after the same other one.
      contenders.push(contenders.shift()!);
    }
    return MODES.flatMap((mode) =>
      stores.flatMap((store) => {
        const contender = contenders.find((each) => each.store === store && each.mode === mode);
        return contender === undefined ? [] : [summarise(store, mode, contender.rounds)];
      }),
    );
  },
};

interface Measurement extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly store: StoreName;
  readonly mode: Mode;
}

/** One round: both processes are started anew, warmed up alike, and take turns. */
async function measure(measurement: Measurement): Promise<Round> {
  const { bundle, places, receiver, url, store, mode, isQuick, profileDirectory, log } = measurement;
  const pace = isQuick ? QUICK : FULL;
  const target = { url, secret: SECRET, sockets: SOCKETS };
  await using place = await places.create(store);
  await using raw = startProcess<RawActions>(bundle.pathOf(SOURCES.raw));
  await using dispatcher = startProcess<DispatcherActions>(
    bundle.pathOf(SOURCES.dispatcher),
    profileDirectory,
  );
  await raw.call('open', target);
  await dispatcher.call('open', { ...target, ...place, maxOutstanding: TERMS[store].maxOutstanding });
  const baseline: Party = { run: (durationMs) => raw.call('run', { durationMs }), tally: new Tally() };
  const contender: Party = { run: (durationMs) => dispatcher.call(mode, { durationMs }), tally: new Tally() };
  const work = async ({ run, tally }: Party): Promise<RunResult> => {
    const result = await run(pace.turnMs);
    tally.check(result, await receiver.call('take', undefined), SOCKETS, log);
    return result;
  };
  const parties = [baseline, contender];
  for (const party of parties) await warmUp(pace.warmUp, () => work(party));
  await takeTurns(parties, pace.turns, async (party) => party.tally.addTurn(await work(party)));
  const record = await dispatcher.call('checkRecord', undefined);
  if (record.errors > 0) log(`the record is wrong in ${record.errors} deliveries`);
  contender.tally.errors += record.errors;
  await dispatcher.call('close', undefined);
  return { contender: contender.tally, baseline: baseline.tally };
}

function ratioOf({ contender, baseline }: Round): number {
  return contender.perSecond / baseline.perSecond;
}

function describe({ contender, baseline }: Round): string {
  return `${Math.round(contender.perSecond)}/s, ${BASELINE} ${Math.round(baseline.perSecond)}/s`;
}

function summarise(contender: StoreName, mode: Mode, rounds: readonly Round[]): CaseResult {
  const ratios = rounds.map(ratioOf);
  const medianOf = (figure: (round: Round) => number, digits = 0): number =>
    round(median(rounds.map(figure)), digits);
  return {
    case: 'throughput',
    contender,
    mode,
    baseline: BASELINE,
    ratio: round(median(ratios), 3),
    rounds: rounds.length,
    errors: rounds.reduce((sum, each) => sum + each.contender.errors + each.baseline.errors, 0),
    ratios: ratios.map((ratio) => round(ratio, 3)),
    goal: `${contender} ${mode}: ${TERMS[contender].goals[mode]}`,
    figures: {
      perSecond: medianOf((each) => each.contender.perSecond),
      baselinePerSecond: medianOf((each) => each.baseline.perSecond),
      cpuMicros: medianOf((each) => each.contender.cpuMicrosEach, 1),
      baselineCpuMicros: medianOf((each) => each.baseline.cpuMicrosEach, 1),
      cpuRatio: medianOf((each) => each.baseline.cpuMicrosEach / each.contender.cpuMicrosEach, 3),
    },
  };
}
