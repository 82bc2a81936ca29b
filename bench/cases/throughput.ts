/** Deliveries per second of the dispatcher, beside a raw loop over `undici.request`. */
import type { DispatcherActions } from '../contenders/dispatcher.ts';
import type { RunResult } from '../contenders/job.ts';
import type { RawActions } from '../contenders/raw.ts';
import { type StoreName, STORES } from '../contenders/stores.ts';
import type { BenchCase, CaseOptions, CaseResult } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import type { ReceiverActions } from '../receiver.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  raw: new URL('../contenders/raw.ts', import.meta.url),
  dispatcher: new URL('../contenders/dispatcher.ts', import.meta.url),
};
const SOCKETS = 50;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr';
const BASELINE = 'undici.request';
const GOAL = 'at least 0.7 live; the target is 1.0';
const MODES = ['live', 'drain'] as const;

type Mode = (typeof MODES)[number];

/** Turns of each process. */
interface Pace {
  /** Messages before anything is timed. Not a time: on a busy machine little of the code would be compiled by its end. */
  readonly warmUp: number;
  readonly turns: number;
  readonly turnMs: number;
}

const FULL: Pace = { warmUp: 15_000, turns: 12, turnMs: 500 };
const QUICK: Pace = { warmUp: 6_000, turns: 6, turnMs: 300 };
/** A machine that is too slow for the warm-up is measured as it is. */
const MAX_WARM_UP_MS = 15_000;

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
  defaultRounds: 5,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const contenders = (Object.keys(STORES) as StoreName[]).flatMap((store) =>
      MODES.map((mode) => ({ store, mode, rounds: [] as Round[] })),
    );
    for (let number = 1; number <= options.rounds; number += 1) {
      for (const { store, mode, rounds } of contenders) {
        const measured = await measure({ ...options, bundle, receiver, url, store, mode });
        rounds.push(measured);
        const ratio = round(ratioOf(measured), 2);
        options.log(
          `round ${number}/${options.rounds}: ${store} ${mode} ${describe(measured)}, ratio ${ratio}`,
        );
      }
      // Nobody always comes after the same other one.
      contenders.push(contenders.shift()!);
    }
    return contenders
      .map(({ store, mode, rounds }) => summarise(store, mode, rounds))
      .toSorted((left, right) => (left.mode === right.mode ? 0 : left.mode === 'live' ? -1 : 1));
  },
};

interface Measurement extends CaseOptions {
  readonly bundle: Bundle;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly store: StoreName;
  readonly mode: Mode;
}

/** One round: both processes are started anew, warmed up alike, and take turns. */
async function measure(measurement: Measurement): Promise<Round> {
  const { bundle, receiver, url, store, mode, isQuick, profileDirectory, log } = measurement;
  const pace = isQuick ? QUICK : FULL;
  const target = { url, secret: SECRET, sockets: SOCKETS };
  await using raw = startProcess<RawActions>(bundle.pathOf(SOURCES.raw));
  await using dispatcher = startProcess<DispatcherActions>(
    bundle.pathOf(SOURCES.dispatcher),
    profileDirectory,
  );
  await raw.call('open', target);
  await dispatcher.call('open', { ...target, store });
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
  await dispatcher.call('close', undefined);
  return { contender: contender.tally, baseline: baseline.tally };
}

async function warmUp(messages: number, work: () => Promise<RunResult>): Promise<void> {
  let elapsedMs = 0;
  for (let sent = 0; sent < messages && elapsedMs < MAX_WARM_UP_MS;) {
    const result = await work();
    sent += result.sent;
    elapsedMs += result.elapsedMs;
  }
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
    goal: GOAL,
    figures: {
      perSecond: medianOf((each) => each.contender.perSecond),
      baselinePerSecond: medianOf((each) => each.baseline.perSecond),
      cpuMicros: medianOf((each) => each.contender.cpuMicrosEach, 1),
      baselineCpuMicros: medianOf((each) => each.baseline.cpuMicrosEach, 1),
      cpuRatio: medianOf((each) => each.baseline.cpuMicrosEach / each.contender.cpuMicrosEach, 3),
    },
  };
}
