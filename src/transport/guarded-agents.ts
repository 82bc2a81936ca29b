/** One agent for each set of TLS settings: what was verified for one endpoint proves nothing to another. */
import { type ConnectionOptions, createGuardedAgent, type GuardedAgent } from './create-agent.ts';
import type { Undici } from './load-undici.ts';
import { mergeTls } from './tls-settings.ts';
import type { RequestTls, TransportContext } from './transport.ts';

/** Agents with settings of their own that are kept; those not used for longest are closed first. */
const MAX_AGENTS = 100;

export class GuardedAgents {
  readonly #undici: Undici;
  readonly #context: TransportContext;
  readonly #options: ConnectionOptions;
  readonly #common: GuardedAgent;
  /** The one used last stands last. */
  readonly #special = new Map<string, GuardedAgent>();
  /** They finish what they have begun. */
  readonly #closing = new Set<GuardedAgent>();

  constructor(undici: Undici, context: TransportContext, options: ConnectionOptions) {
    this.#undici = undici;
    this.#context = context;
    this.#options = options;
    this.#common = createGuardedAgent(undici, context, options);
  }

  /** The agent for requests with these settings. */
  get(tls: RequestTls | undefined): GuardedAgent {
    if (tls === undefined) return this.#common;
    const agent = this.#special.get(tls.id) ?? this.#create(tls);
    this.#special.delete(tls.id);
    this.#special.set(tls.id, agent);
    if (this.#special.size > MAX_AGENTS) this.#closeOldest();
    return agent;
  }

  /** Ends all connections, also those being made. Requests in flight fail. */
  async destroy(): Promise<void> {
    const agents = [this.#common, ...this.#special.values(), ...this.#closing];
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #create(tls: RequestTls): GuardedAgent {
    const options = { ...this.#options, tls: mergeTls(this.#options.tls ?? {}, tls) };
    return createGuardedAgent(this.#undici, this.#context, options, this.#options.tls);
  }

  #closeOldest(): void {
    const [id, oldest] = this.#special.entries().next().value!;
    this.#special.delete(id);
    this.#closing.add(oldest);
    const forget = (): void => void this.#closing.delete(oldest);
    oldest.close().then(forget, forget);
  }
}
