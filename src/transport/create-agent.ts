import type { Agent } from 'undici';
import { createCarrierFactory } from './carrier.ts';
import { createGuardedConnector, type GuardedConnector } from './address-guard.ts';
import type { Undici } from './load-undici.ts';
import { createProxyConnector } from './proxy-connector.ts';
import type { ConnectionTls, TlsOptions } from './tls-settings.ts';
import type { TransportContext } from './transport.ts';

/** How connections are made and kept. */
export interface ConnectionOptions {
  /**
   * How long an idle connection is kept open, in milliseconds, at least 1. A server that announces its own time
   * (`keep-alive: timeout=5`) is believed, up to ten minutes. Default 4000, just below the 5 seconds after which many
   * servers close.
   */
  readonly keepAliveMs?: number;
  /** Largest response head, in bytes; a larger one fails as `bad_response`. Default 16384. */
  readonly maxResponseHeaderBytes?: number;
  /** Trust and client certificate for TLS. Default: what Node.js trusts, and no certificate. */
  readonly tls?: TlsOptions;
}

/** Names of {@link ConnectionOptions}. */
export const CONNECTION_OPTIONS = [
  'keepAliveMs',
  'maxResponseHeaderBytes',
  'tls',
] as const satisfies readonly (keyof ConnectionOptions)[];

const DEFAULT_KEEP_ALIVE_MS = 4_000;
export const DEFAULT_MAX_RESPONSE_HEADER_BYTES: number = 16 * 1024;

/** An undici Agent behind the address guard, and the one way to end it. */
export interface GuardedAgent {
  readonly agent: Agent;
  /** Sends each request over a connection of its own. */
  readonly fresh: Agent;
  /** Whether requests to an origin wait for a proxy. */
  isWaitingForProxy(origin: string): boolean;
  /** Finishes what it has begun, then ends all connections. */
  close(): Promise<void>;
  /** Ends all connections, also those being made. Requests in flight fail. */
  destroy(): Promise<void>;
}

/**
 * @param proxyTls what is trusted where the context has a proxy that speaks TLS; the same as for receivers if left out
 */
export function createGuardedAgent(
  undici: Undici,
  context: TransportContext,
  options: ConnectionOptions & { readonly tls?: ConnectionTls },
  proxyTls: TlsOptions = options.tls ?? {},
): GuardedAgent {
  const tls = options.tls ?? {};
  const { proxy } = context;
  const connector: GuardedConnector =
    proxy === undefined
      ? createGuardedConnector(undici, context, tls)
      : createProxyConnector(undici, { ...context, proxy }, { tls, proxyTls });
  const settings: Agent.Options = {
    connect: connector.connect,
    factory: createCarrierFactory(undici, connector.connect),
    connections: context.maxConnections,
    pipelining: 1,
    keepAliveTimeout: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
    maxHeaderSize: options.maxResponseHeaderBytes ?? DEFAULT_MAX_RESPONSE_HEADER_BYTES,
    // Both restart on every byte or interim response, so they bound nothing; the attempt's deadline does.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const agent = new undici.Agent(settings);
  const fresh = new undici.Agent({ ...settings, pipelining: 0 });
  return {
    agent,
    fresh,
    isWaitingForProxy: (origin) => connector.isWaitingForProxy(origin),
    async close() {
      await Promise.all([agent.close(), fresh.close()]);
    },
    async destroy() {
      const destroyed = [agent.destroy(), fresh.destroy()];
      connector.destroyPending();
      await Promise.all(destroyed);
    },
  };
}
