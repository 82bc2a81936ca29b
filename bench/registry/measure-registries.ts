import { MATCHING, type RunResult } from '../contenders/job.ts';
import type { RegistryActions, RegistryKind } from '../contenders/registry.ts';
import type { CaseOptions, CaseResult } from '../harness/bench-case.ts';
import type { Bundle } from '../harness/bundle.ts';
import { ratiosOf } from '../harness/play-rounds.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import type { ReceiverActions } from '../receiver.ts';

/** A number of endpoints, and what they are compared with. */
export interface Registry {
  readonly name: string;
  readonly size: number;
  readonly kind: RegistryKind;
  /** The name of another one. */
  readonly baseline: string;
  readonly goal: string;
}

export const REGISTRY_SOURCE: URL = new URL('../contenders/registry.ts', import.meta.url);
const SOCKETS = 50;
/** Emits of one turn: long enough to time, short enough for turns to be close together. */
const EMITS = 250;
/** Delivering makes V8 compile the emit path anew, so it is part of the warm-up, twice. */
const FULL = { warmUpTurns: 10, turns: 24 };
const QUICK = { warmUpTurns: 2, turns: 4 };
const QUICK_MAX_SIZE = 10_000;

/** Where they are measured. */
export interface RegistryWorld extends CaseOptions {
  readonly bundle: Bundle;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly secret: string;
}

/** One process with its number of endpoints. */
interface Party {
  readonly registry: Registry;
  readonly process: MeasuredProcess<RegistryActions>;
  readonly tally: Tally;
  /** Its endpoints, as they were registered. */
  readonly registration: Tally;
}

type Round = ReadonlyMap<string, Party>;

/** What an emit costs with each of them, all taking turns. */
export async function measureRegistries(
  caseName: string,
  registries: readonly Registry[],
  world: RegistryWorld,
): Promise<readonly CaseResult[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= world.rounds; number += 1) {
    const parties = registries.map((registry) => ({
      registry,
      process: startProcess<RegistryActions>(world.bundle.pathOf(REGISTRY_SOURCE), world.profileDirectory),
      tally: new Tally(),
      registration: new Tally(),
    }));
    await measure(parties, world);
    for (const party of parties) await party.process[Symbol.asyncDispose]();
    rounds.push(new Map(parties.map((party) => [party.registry.name, party])));
    const costs = parties.map(
      ({ registry, tally }) => `${registry.name}: ${round(tally.medianMicros, 1)} µs`,
    );
    world.log(`round ${number}/${world.rounds}: ${costs.join(', ')}`);
  }
  return registries.map((registry) => summarise(caseName, registry, rounds));
}

/** One round: they take turns to emit, then everything is delivered, and counted by the receiver. */
async function measure(
  parties: readonly Party[],
  { receiver, url, secret, isQuick, log }: RegistryWorld,
): Promise<void> {
  const { warmUpTurns, turns } = isQuick ? QUICK : FULL;
  for (const { registry, process, registration } of parties) {
    const { size, kind } = registry;
    const endpoints = isQuick ? Math.min(size, QUICK_MAX_SIZE) : size;
    registration.addTurn(await process.call('open', { url, secret, sockets: SOCKETS, endpoints, kind }));
  }
  const emit = async ({ process, tally }: Party): Promise<RunResult> => {
    const run = await process.call('emit', { count: EMITS });
    tally.errors += run.errors;
    return run;
  };
  const deliver = async ({ process, tally }: Party, emits: number): Promise<void> => {
    const { errors } = await process.call('deliver', undefined);
    const report = await receiver.call('take', undefined);
    tally.check({ sent: emits * MATCHING, errors }, report, SOCKETS, log);
  };
  const run = async (count: number, work: (party: Party) => Promise<void>): Promise<void> => {
    await takeTurns(parties, count, work);
    for (const party of parties) await deliver(party, count * EMITS);
  };
  for (let time = 0; time < 2; time += 1) await run(warmUpTurns, async (party) => void (await emit(party)));
  await run(turns, async (party) => party.tally.addTurn(await emit(party)));
  for (const { process } of parties) await process.call('close', undefined);
}

function summarise(caseName: string, registry: Registry, rounds: readonly Round[]): CaseResult {
  const { name, baseline, goal } = registry;
  const tallies = rounds.map((each) => each.get(name)!.tally);
  const registrations = rounds.map((each) => each.get(name)!.registration);
  return {
    case: caseName,
    contender: name,
    baseline,
    ...ratiosOf(
      rounds.map((each) => each.get(name)!.tally.medianMicros / each.get(baseline)!.tally.medianMicros),
    ),
    errors: tallies.reduce((sum, { errors }) => sum + errors, 0),
    goal,
    figures: {
      micros: round(median(tallies.map(({ medianMicros }) => medianMicros)), 1),
      meanMicros: round(median(tallies.map(({ meanMicros }) => meanMicros)), 1),
      cpuMicros: round(median(tallies.map(({ cpuMicrosEach }) => cpuMicrosEach)), 1),
      registerMicros: round(median(registrations.map(({ meanMicros }) => meanMicros)), 1),
    },
  };
}
