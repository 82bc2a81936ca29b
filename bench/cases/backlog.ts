/** What fresh events cost while a great many deliveries of other endpoints wait. */
import { fillPostgres, countUntouchedPostgres } from '../backlog/fill-postgres.ts';
import { countUntouchedSqlite, fillSqlite } from '../backlog/fill-sqlite.ts';
import { type BacklogMode, type BacklogPlan, CAP, CAPPED, MODES, planBacklog } from '../backlog/backlogs.ts';
import { SilentServer } from '../backlog/silent-server.ts';
import type { BacklogActions, SwitchTimes } from '../contenders/backlog.ts';
import type { RunResult } from '../contenders/job.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type OwnPlace, Places } from '../harness/places.ts';
import { ratiosOf } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { sqliteFileOf } from '../harness/store-place.ts';
import { takeTurns } from '../harness/take-turns.ts';
import { Tally } from '../harness/tally.ts';
import { warmUp } from '../harness/warm-up.ts';
import type { ReceiverActions } from '../receiver.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  backlog: new URL('../contenders/backlog.ts', import.meta.url),
};
const BASELINE: BacklogMode = 'empty';
const STORES = ['sqlite', 'postgres'] as const;
const SOCKETS = 50;
/** The dispatcher may have as many requests in flight, those that get no answer included. */
const MAX_SOCKETS = SOCKETS + 2 * CAP;
const GOAL = 'ratio at least 0.9; rssMb under 200; pauseMs and resumeMs at most 100';
const FULL = { rows: 1_000_000, warmUp: 10_000, turns: 12, turnMs: 500 };
const QUICK = { rows: 20_000, warmUp: 500, turns: 2, turnMs: 200 };

/** A filled database, and what was measured on it. */
interface Contender {
  readonly name: string;
  readonly mode: BacklogMode;
  readonly plan: BacklogPlan;
  readonly place: OwnPlace;
  readonly rounds: Measured[];
}

/** One round of a contender. */
interface Measured extends SwitchTimes {
  readonly tally: Tally;
  readonly rssBytes: number;
}

/** A contender at work. */
interface Party {
  readonly contender: Contender;
  readonly dispatcher: MeasuredProcess<BacklogActions>;
  readonly tally: Tally;
}

interface Servers {
  readonly bundle: Bundle;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly silent: SilentServer;
}

export const backlog: BenchCase = {
  name: 'backlog',
  summary: 'deliveries/s of fresh events beside 1,000,000 that are due later, or held up',
  contenders: STORES.flatMap((store) => MODES.map((mode) => `${store}-${mode}`)),
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    await using silent = await SilentServer.start();
    const { url } = await receiver.call('listen', { secret: SECRET });
    const stores = STORES.filter((store) =>
      MODES.some((mode) => mode !== BASELINE && isChosen(options, `${store}-${mode}`)),
    );
    await using places = await Places.open(bundle, stores, options.skip);
    const results: CaseResult[] = [];
    for (const store of stores.filter((each) => places.has(each)))
      results.push(...(await measureStore(store, places, { bundle, receiver, url, silent }, options)));
    return results;
  },
};

/** The modes of one store take turns; the others are not there meanwhile. */
async function measureStore(
  store: (typeof STORES)[number],
  places: Places,
  servers: Servers,
  options: CaseOptions,
): Promise<readonly CaseResult[]> {
  const contenders: Contender[] = [];
  for (const mode of MODES) {
    const name = `${store}-${mode}`;
    if (mode !== BASELINE && !isChosen(options, name)) continue;
    const place = await places.create(store);
    contenders.push(await prepare(name, mode, place, servers, options));
  }
  for (let number = 1; number <= options.rounds; number += 1) {
    await measureRound(contenders, servers, options);
    const figures = contenders.map(
      ({ name, rounds }) => `${name} ${Math.round(rounds.at(-1)!.tally.perSecond)}/s`,
    );
    options.log(`round ${number}/${options.rounds}: ${figures.join(', ')}`);
  }
  const results: CaseResult[] = [];
  for (const contender of contenders) {
    const lost = contender.plan.deliveries - (await countUntouched(contender));
    if (lost !== 0)
      options.log(`${contender.name}: ${lost} deliveries that wait are not as they were stored`);
    results.push(
      summarise(contender, contenders[0]!, options.isQuick ? QUICK.rows : FULL.rows, Math.abs(lost)),
    );
  }
  return results;
}

/** Registers the endpoints and fills the tables. */
async function prepare(
  name: string,
  mode: BacklogMode,
  place: OwnPlace,
  { bundle, url, silent }: Servers,
  { isQuick, log }: CaseOptions,
): Promise<Contender> {
  const plan = planBacklog(mode, isQuick ? QUICK.rows : FULL.rows);
  const waiting = plan.backlog.groups.flat().map(({ id }) => id);
  await using registry = startProcess<BacklogActions>(bundle.pathOf(SOURCES.backlog));
  await registry.call('register', {
    ...place,
    url,
    silentUrl: silent.url,
    secret: SECRET,
    sockets: SOCKETS,
    waiting,
  });
  await registry.call('close', undefined);
  const startedAt = performance.now();
  if (place.databaseUrl === undefined) fillSqlite(sqliteFileOf(place), plan.backlog);
  else await fillPostgres(place.databaseUrl, plan.backlog);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  log(`${name}: ${plan.deliveries.toLocaleString('en')} deliveries wait, stored in ${seconds} s`);
  return { name, mode, plan, place, rounds: [] };
}

async function countUntouched({ place, plan }: Contender): Promise<number> {
  return place.databaseUrl === undefined
    ? countUntouchedSqlite(sqliteFileOf(place), plan.backlog)
    : countUntouchedPostgres(place.databaseUrl, plan.backlog);
}

/** Processes are started anew, warmed up alike, and take turns; then endpoints are switched while events are delivered. */
async function measureRound(
  contenders: readonly Contender[],
  servers: Servers,
  options: CaseOptions,
): Promise<void> {
  const { receiver, silent, bundle } = servers;
  const pace = options.isQuick ? QUICK : FULL;
  const parties: Party[] = [];
  for (const contender of contenders) {
    const dispatcher = startProcess<BacklogActions>(bundle.pathOf(SOURCES.backlog), options.profileDirectory);
    parties.push({ contender, dispatcher, tally: new Tally() });
    await dispatcher.call('open', { ...contender.place, sockets: SOCKETS });
    if (contender.mode === 'blocked') await silent.whenInFlight(`/${CAPPED}`, CAP);
  }
  const live = async ({ dispatcher, tally }: Party, durationMs: number): Promise<RunResult> => {
    const result = await dispatcher.call('live', { durationMs });
    tally.check(result, await receiver.call('take', undefined), MAX_SOCKETS, options.log);
    return result;
  };
  for (const party of parties) await warmUp(pace.warmUp, () => live(party, pace.turnMs));
  await takeTurns(parties, pace.turns, async (party) => party.tally.addTurn(await live(party, pace.turnMs)));
  for (const party of parties) {
    const { contender, dispatcher, tally } = party;
    const switching = dispatcher.call('switchEndpoints', { ids: contender.plan.switched });
    await live(party, 2 * pace.turnMs);
    const { errors, rssBytes } = await dispatcher.call('checkRecord', undefined);
    tally.errors += errors;
    contender.rounds.push({ tally, rssBytes, ...(await switching) });
    await dispatcher.call('close', undefined);
    await dispatcher[Symbol.asyncDispose]();
  }
}

function summarise({ name, rounds }: Contender, baseline: Contender, rows: number, lost: number): CaseResult {
  const ratios = rounds.map(
    ({ tally }, index) => baseline.rounds[index]!.tally.medianMicros / tally.medianMicros,
  );
  const largest = (figure: (measured: Measured) => number): number => Math.max(...rounds.map(figure));
  return {
    case: 'backlog',
    contender: name,
    baseline: baseline.name,
    ...ratiosOf(ratios),
    errors: rounds.reduce((sum, { tally }) => sum + tally.errors, lost),
    goal: GOAL,
    figures: {
      rows,
      perSecond: round(median(rounds.map(({ tally }) => tally.perSecond)), 0),
      cpuMicros: round(median(rounds.map(({ tally }) => tally.cpuMicrosEach)), 1),
      rssMb: round(largest(({ rssBytes }) => rssBytes) / 1e6, 0),
      pauseMs: round(
        largest(({ pauseMs }) => pauseMs),
        1,
      ),
      resumeMs: round(
        largest(({ resumeMs }) => resumeMs),
        1,
      ),
    },
  };
}
