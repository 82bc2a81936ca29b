import type { WhilePaused } from './core/switch-state.ts';
import type { Reporter } from './engine/reporter.ts';
import type { EngineHost } from './engine-host.ts';
import type { Sources } from './sources.ts';
import type { Store, StoreCapabilities } from './store/store.ts';
import type { Transport } from './transport/transport.ts';

/** How a dispatcher is doing. Instants are epoch ms. */
export interface Health {
  /** `idle` until the first use. */
  readonly status: 'idle' | 'running' | 'stopped';
  readonly store: { readonly name: string; readonly capabilities: StoreCapabilities };
  readonly transport: string;
  /** Set while everything is paused: what becomes of what is emitted meanwhile. */
  readonly whilePaused: WhilePaused | undefined;
  /** Endpoints known to this process. */
  readonly endpoints: number;
  /** Endpoints that cannot be served here, and why: a named function is missing, a secret is none for the scheme, the URL is refused, a stored setting, or the whole record, cannot be read (`*`: of one of a page). While a record cannot be read, messages are left to other processes to be matched. */
  readonly unservedEndpoints: readonly { readonly endpointId: string; readonly why: string }[];
  /** Messages on their way into the store. */
  readonly pendingMessages: number;
  /** Deliveries leased by this process that wait for a free slot. */
  readonly queued: number;
  /** Attempts being made, and endpoints that are being verified. */
  readonly inFlight: number;
  /** Outcomes not written yet; grows while the store is down. */
  readonly pendingOutcomes: number;
  /** When the store last answered a claim; old while `running` means that delivery has come to a stop. */
  readonly lastClaimAt: number | undefined;
  /**
   * Time of the store minus that of this process, as last compared: a store with a clock of its own decides by it what is
   * due. `undefined` until it has answered.
   */
  readonly clockDifferenceMs: number | undefined;
  /** Events of attached sources and of `process` that were refused because too many waited. */
  readonly refusedEvents: number;
  /** What a person must repair in the store, which goes on with what it has, such as a wrong edit of `endpoints.json`. */
  readonly storeProblem: { readonly at: number; readonly message: string } | undefined;
  /** The last trouble of the dispatcher itself. Receivers that fail, and calls refused for a mistake of their caller, do not appear. */
  readonly lastError: { readonly at: number; readonly message: string } | undefined;
}

export interface HealthSources {
  readonly host: Pick<EngineHost, 'status' | 'engine'>;
  readonly reporter: Pick<Reporter, 'storeProblem' | 'lastError'>;
  readonly store: Store;
  readonly transport: Transport;
  readonly sources: Pick<Sources, 'refused'>;
}

/** Puts together what the parts know. */
export function describeHealth(parts: HealthSources): Promise<Health> {
  const { store, transport } = parts;
  const { status, engine } = parts.host;
  const { storeProblem, lastError } = parts.reporter;
  return Promise.resolve({
    status,
    store: { name: store.name, capabilities: store.capabilities },
    transport: transport.name,
    whilePaused: engine?.switch.state?.whilePaused,
    endpoints: engine?.directory.size ?? 0,
    unservedEndpoints: [...(engine?.directory.unserved() ?? [])],
    pendingMessages: engine?.inbox.pending ?? 0,
    queued: engine?.sender.lanes.queued ?? 0,
    inFlight: engine === undefined ? 0 : engine.sender.inFlight + engine.verifier.inFlight,
    pendingOutcomes: engine?.settler.pending ?? 0,
    lastClaimAt: engine?.scheduler.lastClaimAt,
    clockDifferenceMs: engine?.keeper.clockDifferenceMs,
    refusedEvents: parts.sources.refused,
    storeProblem,
    lastError,
  });
}
