/** What a receiver sees that comes up again while a great many messages wait for it. */
import type { RecoveryActions } from '../contenders/recovery.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { Places } from '../harness/places.ts';
import { playRounds, ratiosOf, type Rounds } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { type EndpointLimits, type Ramp, rampOf, violationsOf } from '../recovery/ramp.ts';
import type { RecoveringActions, RecoveryReport } from '../recovering.ts';

const SOURCES = {
  recovering: new URL('../recovering.ts', import.meta.url),
  recovery: new URL('../contenders/recovery.ts', import.meta.url),
};
const STORES = ['memory', 'postgres'] as const;
const CONCURRENCY = 10;
const LIMITS: Readonly<Record<'concurrency' | 'rate', EndpointLimits>> = {
  concurrency: { concurrency: CONCURRENCY },
  rate: { concurrency: CONCURRENCY, rateLimit: { limit: 300, intervalMs: 1_000 } },
};
const KINDS = Object.keys(LIMITS) as (keyof typeof LIMITS)[];
const BASELINE = 'mean second';
const GOAL = 'ratio at most 2; limits are never exceeded';
/** Ten minutes in ten seconds: breaker and retries are as many times faster, the receiver and its limits are not. */
const SPEED = 60;
const DOWN_MS = (10 * 60_000) / SPEED;
/** With ten requests at a time, 500 a second. */
const SERVICE_MS = 20;
const FULL_WAITING = 5_000;
const QUICK_WAITING = 500;

interface Contender {
  readonly store: (typeof STORES)[number];
  readonly kind: (typeof KINDS)[number];
}

interface Round {
  readonly report: RecoveryReport;
  readonly ramp: Ramp;
  readonly errors: number;
}

export const recovery: BenchCase = {
  name: 'recovery',
  summary: `requests per second at a receiver that was down for ten minutes, with ${FULL_WAITING.toLocaleString('en')} waiting`,
  contenders: STORES.flatMap((store) => KINDS.map((kind) => `${store}-${kind}`)),
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    const chosen = STORES.flatMap((store) => KINDS.map((kind): Contender => ({ store, kind }))).filter(
      (contender) => isChosen(options, nameOf(contender)),
    );
    await using places = await Places.open(
      bundle,
      [...new Set(chosen.map(({ store }) => store))],
      options.skip,
    );
    const played = await playRounds(
      chosen.filter(({ store }) => places.has(store)),
      options,
      (contender) => measure(contender, bundle, places, options),
      (contender, { ramp }) => `${nameOf(contender)} ${ramp.perSecond.join(' ')} requests per second`,
    );
    return played.map((each) => summarise(each, options));
  },
};

async function measure(
  contender: Contender,
  bundle: Bundle,
  places: Places,
  { isQuick, profileDirectory, log }: CaseOptions,
): Promise<Round> {
  const count = waitingOf({ isQuick });
  const limits = LIMITS[contender.kind];
  await using place = await places.create(contender.store);
  await using receiver = startProcess<RecoveringActions>(bundle.pathOf(SOURCES.recovering));
  await using dispatcher = startProcess<RecoveryActions>(bundle.pathOf(SOURCES.recovery), profileDirectory);
  const { url } = await receiver.call('listen', { secret: SECRET, serviceMs: SERVICE_MS });
  await dispatcher.call('open', { ...place, url, secret: SECRET, limits, speed: SPEED });
  const emitted = await dispatcher.call('emit', { count, durationMs: DOWN_MS });
  await receiver.call('comeUp', undefined);
  const finished = await dispatcher.call('finish', undefined);
  const report = await receiver.call('take', undefined);
  await dispatcher.call('close', undefined);
  const missing = Math.abs(count - report.verified) + (report.received - report.verified);
  const violations = violationsOf(report, limits);
  // Otherwise it was not down when it should have been, and nothing was recovered from.
  if (report.refused === 0) violations.push('no attempt was made while it was down');
  const wrong = emitted.errors + finished.errors + missing;
  if (wrong > 0)
    log(
      `${nameOf(contender)}: ${emitted.errors} emits and ${finished.errors} deliveries failed, ${missing} lost or repeated; ${report.problems.join('; ')}`,
    );
  for (const violation of violations) log(`${nameOf(contender)}: ${violation}`);
  return { report, ramp: rampOf(report.arrivalsMs), errors: wrong + violations.length };
}

function summarise(
  { contender, rounds }: Rounds<Contender, Round>,
  { isQuick }: Pick<CaseOptions, 'isQuick'>,
): CaseResult {
  const medianOf = (figure: (measured: Round) => number): number => round(median(rounds.map(figure)), 0);
  const largest = (figure: (measured: Round) => number): number => Math.max(...rounds.map(figure));
  return {
    case: 'recovery',
    contender: nameOf(contender),
    baseline: BASELINE,
    ...ratiosOf(rounds.map(({ ramp }) => ramp.peakRatio)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    goal: GOAL,
    figures: {
      waiting: waitingOf({ isQuick }),
      attemptsWhileDown: medianOf(({ report }) => report.refused),
      firstMs: medianOf(({ ramp }) => ramp.firstMs),
      allMs: medianOf(({ ramp }) => ramp.lastMs),
      peakPerSecond: largest(({ ramp }) => Math.max(...ramp.perSecond)),
      maxInFlight: largest(({ report }) => report.maxInFlight),
    },
    series: { requestsPerSecond: rounds.at(-1)!.ramp.perSecond },
  };
}

function nameOf({ store, kind }: Contender): string {
  return `${store}-${kind}`;
}

function waitingOf({ isQuick }: Pick<CaseOptions, 'isQuick'>): number {
  return isQuick ? QUICK_WAITING : FULL_WAITING;
}
