/** What an emit costs when few and when many endpoints are registered, and always ten want the message. */
import { MATCHING, type RunResult } from '../contenders/job.ts';
import type { RegistryActions } from '../contenders/registry.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { createBundle } from '../harness/bundle.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import type { ReceiverActions } from '../receiver.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  registry: new URL('../contenders/registry.ts', import.meta.url),
};
const SIZES = [10, 1_000, 100_000] as const;
const BASELINE = SIZES[0];
const SOCKETS = 50;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr';
const GOAL = 'flat: at most 1.3 times the cost at 10 endpoints';
/** Emits of one turn: long enough to time, short enough for turns to be close together. */
const EMITS = 250;
/** Delivering makes V8 compile the emit path anew, so it is part of the warm-up, twice. */
const WARM_UP_TURNS = 10;
const FULL_TURNS = 24;
const QUICK_TURNS = 12;

type Size = (typeof SIZES)[number];
type Round = ReadonlyMap<Size, Party>;

/** One process with its number of endpoints. */
interface Party {
  readonly size: Size;
  readonly registry: MeasuredProcess<RegistryActions>;
  readonly tally: Tally;
  /** Its endpoints, as they were registered. */
  readonly registration: Tally;
}

export const endpoints: BenchCase = {
  name: 'endpoints',
  summary: `cost of an emit at ${SIZES.join(', ')} registered endpoints, ten of which match`,
  contenders: SIZES.map(String),
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const sizes = SIZES.filter((size) => size === BASELINE || isChosen(options, String(size)));
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      const start = (): MeasuredProcess<RegistryActions> =>
        startProcess(bundle.pathOf(SOURCES.registry), options.profileDirectory);
      const parties = sizes.map((size) => ({
        size,
        registry: start(),
        tally: new Tally(),
        registration: new Tally(),
      }));
      await measure(parties, receiver, url, options);
      for (const { registry } of parties) await registry[Symbol.asyncDispose]();
      rounds.push(new Map(parties.map((party) => [party.size, party])));
      const costs = parties
        .map(({ size, tally }) => `${size}: ${round(tally.medianMicros, 1)} µs`)
        .join(', ');
      options.log(`round ${number}/${options.rounds}: ${costs}`);
    }
    return sizes.map((size) => summarise(size, rounds));
  },
};

/** One round: the sizes take turns to emit, then everything is delivered, and counted by the receiver. */
async function measure(
  parties: readonly Party[],
  receiver: MeasuredProcess<ReceiverActions>,
  url: string,
  { isQuick, log }: CaseOptions,
): Promise<void> {
  for (const { registry, size, registration } of parties) {
    registration.addTurn(
      await registry.call('open', { url, secret: SECRET, sockets: SOCKETS, endpoints: size }),
    );
  }
  const emit = async ({ registry, tally }: Party): Promise<RunResult> => {
    const run = await registry.call('emit', { count: EMITS });
    tally.errors += run.errors;
    return run;
  };
  const deliver = async ({ registry, tally }: Party, emits: number): Promise<void> => {
    const { errors } = await registry.call('deliver', undefined);
    const report = await receiver.call('take', undefined);
    tally.check({ sent: emits * MATCHING, errors }, report, SOCKETS, log);
  };
  const run = async (turns: number, work: (party: Party) => Promise<void>): Promise<void> => {
    await takeTurns(parties, turns, work);
    for (const party of parties) await deliver(party, turns * EMITS);
  };
  for (let time = 0; time < 2; time += 1) await run(WARM_UP_TURNS, async (party) => void (await emit(party)));
  await run(isQuick ? QUICK_TURNS : FULL_TURNS, async (party) => party.tally.addTurn(await emit(party)));
  for (const { registry } of parties) await registry.call('close', undefined);
}

function summarise(size: Size, rounds: readonly Round[]): CaseResult {
  const tallies = rounds.map((each) => each.get(size)!.tally);
  const registrations = rounds.map((each) => each.get(size)!.registration);
  const ratios = rounds.map(
    (each, index) => tallies[index]!.medianMicros / each.get(BASELINE)!.tally.medianMicros,
  );
  return {
    case: 'endpoints',
    contender: size,
    baseline: BASELINE,
    ratio: round(median(ratios), 3),
    rounds: rounds.length,
    errors: tallies.reduce((sum, { errors }) => sum + errors, 0),
    ratios: ratios.map((ratio) => round(ratio, 3)),
    goal: GOAL,
    figures: {
      micros: round(median(tallies.map(({ medianMicros }) => medianMicros)), 1),
      meanMicros: round(median(tallies.map(({ meanMicros }) => meanMicros)), 1),
      cpuMicros: round(median(tallies.map(({ cpuMicrosEach }) => cpuMicrosEach)), 1),
      registerMicros: round(median(registrations.map(({ meanMicros }) => meanMicros)), 1),
    },
  };
}
