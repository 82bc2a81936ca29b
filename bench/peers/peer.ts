/** Ways to deliver messages that are measured beside each other. */
import type { StoreName } from '../harness/store-place.ts';

/** Something to deliver. */
export interface Job {
  readonly id: string;
  readonly data: object;
}

/** What a peer works with. */
export interface PeerWorld {
  /** Where the endpoint is. */
  readonly url: string;
  readonly secret: string;
  /** Most requests in flight. */
  readonly inFlight: number;
  /** A database of its own on PostgreSQL, where it needs one. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Signs a job and sends it with `undici`; rejects unless the answer is 204. Calls `onDelivered` itself. */
  readonly send: (job: Job) => Promise<void>;
  /** For those that do not use `send`. */
  readonly onDelivered: () => void;
  /** An attempt failed. None has to, here. */
  readonly onFailed: () => void;
}

/** A peer at work. */
export interface Peer {
  /** Resolves once the job is accepted, whatever that means to the peer. */
  enqueue(job: Job): Promise<unknown>;
  /** Jobs that its record has wrong, if it keeps one. */
  checkRecord?(delivered: number): Promise<number>;
  close(): Promise<unknown>;
}

export type OpenPeer = (world: PeerWorld) => Promise<Peer>;

/** What a peer needs to run. */
export interface PeerTerms {
  /** Packages of `bench/peers`. */
  readonly packages: readonly string[];
  /** Where it keeps things: a place of one of our stores, made for it. */
  readonly place: StoreName;
  readonly needsRedis?: true;
  /** Its HTTP client has no limit of sockets. */
  readonly hasOwnClient?: true;
  /** It has slots to spare, and a socket for each. */
  readonly hasSpareSlots?: true;
}

const onPostgres = (...packages: string[]): PeerTerms => ({ packages, place: 'postgres' });

export const PEERS = {
  'posthorn-memory': { packages: [], place: 'memory', hasSpareSlots: true },
  'posthorn-sqlite': { packages: [], place: 'sqlite', hasSpareSlots: true },
  'posthorn-postgres': { packages: [], place: 'postgres', hasSpareSlots: true },
  'fetch-loop': { packages: [], place: 'memory', hasOwnClient: true },
  'node-webhooks': { packages: ['node-webhooks'], place: 'memory', hasOwnClient: true },
  bullmq: { packages: ['bullmq'], place: 'memory', needsRedis: true },
  'pg-boss-fetch': onPostgres('pg-boss'),
  'pg-boss-work': onPostgres('pg-boss'),
  'graphile-worker': onPostgres('graphile-worker'),
  'graphile-worker-batched': onPostgres('graphile-worker'),
} as const satisfies Readonly<Record<string, PeerTerms>>;

export type PeerName = keyof typeof PEERS;
export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

/** A package that only `bench/peers` has; its types are those that the caller uses. */
export async function loadPackage<Module>(name: string): Promise<Module> {
  const loaded = (await import(name)) as { readonly default?: Module } & Module;
  return loaded.default ?? loaded;
}
