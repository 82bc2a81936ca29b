/**
 * Opens connections through a forward proxy. The proxy resolves the names of receivers, so it has to judge their
 * addresses; what can be judged here is an address given as such.
 */
import * as dns from 'node:dns';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { ANY_ADDRESS } from '../core/address-policy.ts';
import type { ForwardProxy } from '../core/forward-proxy.ts';
import { createGuardedLookup, type GuardedConnector, judgeLiteral, withServerName } from './address-guard.ts';
import type { Undici } from './load-undici.ts';
import { openTunnel, type TunnelOptions } from './proxy-tunnel.ts';
import { type ConnectionTls, type TlsOptions, toTlsSettings } from './tls-settings.ts';
import type { TransportContext } from './transport.ts';

const KEEP_ALIVE_PROBE_MS = 60_000;

export function createProxyConnector(
  undici: Undici,
  context: TransportContext & { readonly proxy: ForwardProxy },
  { tls, proxyTls }: { readonly tls: ConnectionTls; readonly proxyTls: TlsOptions },
): GuardedConnector {
  const { addressPolicy, proxy, connectTimeoutMs } = context;
  const { rejectUnauthorized, ca } = toTlsSettings(proxyTls);
  const tunnelOptions: TunnelOptions = {
    proxy,
    connectTimeoutMs,
    lookup: createGuardedLookup(context.lookup ?? dns.lookup, ANY_ADDRESS),
    tls: { rejectUnauthorized, ...(ca === undefined ? {} : { ca }) },
  };
  const tunnels = new Map<ClientRequest, string>();
  const handshakes = new Set<Socket>();
  const startTls = undici.buildConnector({
    ...toTlsSettings(tls),
    timeout: connectTimeoutMs,
    allowH2: false,
  }) as (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

  function connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const refusal = judgeLiteral(options.hostname, addressPolicy);
    if (refusal !== undefined) return queueMicrotask(() => callback(refusal, null));
    const tunnel = openTunnel(authorityOf(options), tunnelOptions, (error, socket) => {
      tunnels.delete(tunnel);
      if (error !== null) return callback(error, null);
      if (options.protocol === 'https:') return secure(socket, options, callback);
      socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
      callback(null, socket);
    });
    tunnels.set(tunnel, `${options.protocol}//${options.host ?? options.hostname}`);
  }

  function secure(
    httpSocket: Socket,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ): void {
    // The TLS socket tells of its errors; one that nobody listened to would end the process.
    httpSocket.on('error', () => undefined);
    const socket = startTls({ ...withServerName(options, tls), httpSocket }, (...result) => {
      handshakes.delete(socket);
      callback(...result);
    });
    handshakes.add(socket);
  }

  return {
    connect,
    isWaitingForProxy: (origin) => [...tunnels.values()].includes(origin),
    destroyPending() {
      for (const tunnel of tunnels.keys()) tunnel.destroy();
      for (const socket of handshakes) socket.destroy();
    },
  };
}

/** undici gives IPv6 addresses without brackets. */
function authorityOf({ hostname, protocol, port }: buildConnector.Options): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return `${host}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
