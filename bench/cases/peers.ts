/** The same job through what people use for it, end to end. */
import type { PeerActions } from '../contenders/peer.ts';
import { slotsFor } from '../contenders/job.ts';
import type { RawActions } from '../contenders/raw.ts';
import { type BenchCase, type CaseOptions, type CaseResult, isChosen } from '../harness/bench-case.ts';
import { bracket, type Pace, partyOf, type Round, speedRatio } from '../harness/bracket.ts';
import { type Bundle, createBundle } from '../harness/bundle.ts';
import { type Contest, type Played, playContests, summarise } from '../harness/contests.ts';
import { Places } from '../harness/places.ts';
import { ratiosOf } from '../harness/play-rounds.ts';
import { SECRET } from '../harness/secret.ts';
import { type MeasuredProcess, startProcess } from '../harness/start-process.ts';
import { median, round } from '../harness/statistics.ts';
import { findRedis, linkPeerPackages } from '../peers/install.ts';
import { PEER_NAMES, type PeerName, PEERS, type PeerTerms } from '../peers/peer.ts';
import type { ReceiverActions } from '../receiver.ts';
import { goalOf } from '../targets.ts';

const SOURCES = {
  receiver: new URL('../receiver.ts', import.meta.url),
  raw: new URL('../contenders/raw.ts', import.meta.url),
  peer: new URL('../contenders/peer.ts', import.meta.url),
};
const BASELINE = 'undici.request';
const SOCKETS = 50;
const FULL: Pace = { warmUp: 5_000, turns: 6, turnMs: 2_000 };
const QUICK: Pace = { warmUp: 50, turns: 1, turnMs: 150 };
/** Who is compared with the fastest of whom, in each round, each by its own raw runs. */
const RIVALRIES: readonly { contender: PeerName; mode: string; rivals: readonly PeerName[] }[] = [
  {
    contender: 'posthorn-postgres',
    mode: 'by best on postgres',
    rivals: ['pg-boss-fetch', 'pg-boss-work', 'graphile-worker', 'graphile-worker-batched'],
  },
  { contender: 'posthorn-postgres', mode: 'by bullmq', rivals: ['bullmq'] },
  { contender: 'posthorn-sqlite', mode: 'by bullmq', rivals: ['bullmq'] },
  { contender: 'posthorn-memory', mode: 'by node-webhooks', rivals: ['node-webhooks'] },
  { contender: 'posthorn-memory', mode: 'by fetch-loop', rivals: ['fetch-loop'] },
];

interface World extends CaseOptions {
  readonly bundle: Bundle;
  readonly places: Places;
  readonly receiver: MeasuredProcess<ReceiverActions>;
  readonly url: string;
  readonly redisUrl: string | undefined;
}

export const peers: BenchCase = {
  name: 'peers',
  summary: 'deliveries/s end to end of other queues and libraries, 50 callers awaiting one job each',
  contenders: PEER_NAMES,
  defaultRounds: 3,
  async run(options) {
    await using bundle = await createBundle(Object.values(SOURCES));
    await using receiver = startProcess<ReceiverActions>(bundle.pathOf(SOURCES.receiver));
    const { url } = await receiver.call('listen', { secret: SECRET });
    const chosen = PEER_NAMES.filter((name) => isChosen(options, name));
    const missing = new Map<string, string>();
    const stores = [...new Set(chosen.map((name) => PEERS[name].place))];
    await using places = await Places.open(bundle, stores, (store, reason) => missing.set(store, reason));
    const packages = [...new Set(chosen.flatMap((name): readonly string[] => PEERS[name].packages))];
    await linkPeerPackages(bundle, packages, options.log).catch((error: unknown) =>
      missing.set('packages', (error as Error).message),
    );
    const redisUrl = chosen.some((name) => termsOf(name).needsRedis)
      ? await findRedis().catch((error: unknown) => void missing.set('redis', (error as Error).message))
      : undefined;
    const world: World = { ...options, bundle, places, receiver, url, redisUrl };
    const contests = chosen.flatMap((name) => {
      const reason = reasonToSkip(name, missing);
      if (reason === undefined) return [contestOf(world, name)];
      options.skip(name, reason);
      return [];
    });
    const played = await playContests(contests, options);
    return [...played.map((each) => summarise('peers', each)), ...compareRivals(played)];
  },
};

function termsOf(name: PeerName): PeerTerms {
  return PEERS[name];
}

function reasonToSkip(name: PeerName, missing: ReadonlyMap<string, string>): string | undefined {
  const { packages, place, needsRedis } = termsOf(name);
  return (
    (packages.length > 0 ? missing.get('packages') : undefined) ??
    missing.get(place) ??
    (needsRedis ? missing.get('redis') : undefined)
  );
}

function contestOf(world: World, name: PeerName): Contest {
  return {
    contender: name,
    baseline: BASELINE,
    goal: goalOf('peers', name),
    measure: () => measure(world, name),
  };
}

async function measure(world: World, name: PeerName): Promise<Round> {
  const { bundle, places, receiver, url, redisUrl, isQuick, profileDirectory, log } = world;
  const { place: store, hasOwnClient, hasSpareSlots } = termsOf(name);
  const maxSockets = hasSpareSlots ? slotsFor(SOCKETS) : SOCKETS;
  const target = { url, secret: SECRET, sockets: SOCKETS };
  await using place = await places.create(store);
  await using raw = startProcess<RawActions>(bundle.pathOf(SOURCES.raw));
  await using peer = startProcess<PeerActions>(bundle.pathOf(SOURCES.peer), profileDirectory);
  await raw.call('open', { ...target, client: BASELINE });
  await peer.call('open', { ...target, peer: name, place, redisUrl });
  const result = await bracket({
    baseline: partyOf(raw, SOCKETS, (durationMs) => raw.call('run', { durationMs })),
    contender: partyOf(peer, hasOwnClient ? Infinity : maxSockets, (durationMs) =>
      peer.call('live', { durationMs }),
    ),
    pace: isQuick ? QUICK : FULL,
    take: () => receiver.call('take', undefined),
    log,
  });
  result.contender.tally.errors += (await peer.call('checkRecord', undefined)).errors;
  await peer.call('close', undefined);
  return result;
}

/** Lines of those whose rivals were measured, too. */
function compareRivals(played: readonly Played[]): readonly CaseResult[] {
  return RIVALRIES.flatMap(({ contender, mode, rivals }) => {
    const own = played.find((each) => each.contender.contender === contender);
    const others = played.filter((each) => rivals.some((rival) => rival === each.contender.contender));
    if (own === undefined || others.length < rivals.length) return [];
    const bestIn = (index: number): Round =>
      others
        .map(({ rounds }) => rounds[index]!)
        .reduce((best, each) => (speedRatio(each) > speedRatio(best) ? each : best));
    const ratios = own.rounds.map((each, index) => speedRatio(each) / speedRatio(bestIn(index)));
    const speed = ({ contender: { tally } }: Round): number => tally.perSecond;
    return [
      {
        case: 'peers',
        contender,
        mode,
        baseline: rivals.length === 1 ? rivals[0]! : 'fastest of them',
        ...ratiosOf(ratios),
        errors: 0,
        goal: goalOf('peers', contender, mode),
        figures: {
          perSecond: round(median(own.rounds.map(speed)), 0),
          baselinePerSecond: round(median(own.rounds.map((_, index) => speed(bestIn(index)))), 0),
        },
      },
    ];
  });
}
