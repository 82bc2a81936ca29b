/**
 * The guard between a transport and the network. Nothing is connected to before its address was judged: literals as
 * they stand, names by every address of the answer, at the moment of connecting, so that a name cannot resolve to one
 * address for the check and to another for the connection. The connected address is asserted once more.
 *
 * Each of the three is needed: `lookup` is never called for literals, in any of their spellings; the connected address
 * is only known when a connection has been opened; and the `blockList` of `net.connect` is ignored by Node.js 20.
 */
import * as dns from 'node:dns';
import { isIP, type LookupFunction as NetLookup, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { type AddressPolicy, describeRefusal } from '../core/address-policy.ts';
import type { Undici } from './load-undici.ts';
import { type ConnectionTls, toTlsSettings } from './tls-settings.ts';
import type { LookupFunction, TransportContext } from './transport.ts';

/** A connection was refused before it was made. */
export class ConnectionRefusal extends Error {
  override readonly name = 'ConnectionRefusal';
  /** undici fails the waiting requests of an origin for every code but two of its own. */
  readonly code = 'ERR_POSTHORN_CONNECTION_REFUSAL';
  /** `blocked`: an address is refused by the policy. `dns`: the name has no usable answer. */
  readonly reason: 'blocked' | 'dns';

  constructor(reason: 'blocked' | 'dns', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Opens connections for undici. */
export interface GuardedConnector {
  readonly connect: buildConnector.connector;
  /** Whether a connection to an origin waits for a proxy. */
  isWaitingForProxy(origin: string): boolean;
  /** Gives up the connections that are not established yet; undici does not know them. */
  destroyPending(): void;
}

export function createGuardedConnector(
  undici: Undici,
  context: TransportContext,
  tls: ConnectionTls = {},
): GuardedConnector {
  const { addressPolicy } = context;
  const pending = new Set<Socket>();
  const connectUnguarded = undici.buildConnector({
    ...toTlsSettings(tls),
    timeout: context.connectTimeoutMs,
    // A second protocol would need its own fault table.
    allowH2: false,
    lookup: createGuardedLookup(context.lookup ?? dns.lookup, addressPolicy),
  }) as (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

  function connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    const refusal = judgeLiteral(options.hostname, addressPolicy);
    if (refusal !== undefined) return queueMicrotask(() => callback(refusal, null));
    const socket = connectUnguarded(withServerName(options, tls), (error, connected) => {
      pending.delete(socket);
      if (error !== null) return callback(error, null);
      const problem = judgeConnected(connected, options.hostname, addressPolicy);
      if (problem === undefined) return callback(null, connected);
      connected.destroy();
      callback(problem, null);
    });
    pending.add(socket);
  }
  return {
    connect,
    isWaitingForProxy: () => false,
    destroyPending() {
      for (const socket of pending) socket.destroy();
      pending.clear();
    },
  };
}

/** undici works a name out of the URL; that of the settings wins. */
export function withServerName(
  options: buildConnector.Options,
  { serverName }: ConnectionTls,
): buildConnector.Options {
  return serverName === undefined ? options : { ...options, servername: serverName };
}

/** The refusal of a host that is given as an address. */
export function judgeLiteral(hostname: string, policy: AddressPolicy): ConnectionRefusal | undefined {
  const address = literalOf(hostname);
  return address === undefined ? undefined : refusalOf(address, undefined, policy);
}

/** The address, when a host is given as one. */
function literalOf(hostname: string): string | undefined {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(address) === 0 ? undefined : address;
}

const MAPPED = '::ffff:';

function judgeConnected(socket: Socket, hostname: string, policy: AddressPolicy): Error | undefined {
  const reported = socket.remoteAddress;
  if (reported === undefined) {
    return Object.assign(new Error('the connection was closed right after it was made'), {
      code: 'ECONNRESET',
    });
  }
  // A dual-stack socket reports an IPv4 peer in mapped form.
  const unmapped = reported.startsWith(MAPPED) ? reported.slice(MAPPED.length) : reported;
  const name = literalOf(hostname) === undefined ? hostname : undefined;
  return refusalOf(isIP(unmapped) === 4 ? unmapped : reported, name, policy);
}

function refusalOf(
  address: string,
  name: string | undefined,
  policy: AddressPolicy,
): ConnectionRefusal | undefined {
  const verdict = policy.judge(address, name);
  return verdict.allowed ? undefined : new ConnectionRefusal('blocked', describeRefusal(verdict));
}

/** Wraps name resolution: one refused address refuses the whole answer, and so does an answer without addresses. */
export function createGuardedLookup(lookup: LookupFunction, policy: AddressPolicy): NetLookup {
  return (hostname, options, callback) => {
    let isAnswered = false;
    const answer = (error: Error | null, addresses: unknown): void => {
      if (isAnswered) return;
      isAnswered = true;
      const judged = error === null ? judgeAnswer(hostname, addresses, policy) : dnsRefusal(hostname, error);
      if (judged instanceof ConnectionRefusal) return callback(judged, '', 0);
      // Without happy eyeballs (the host turned them off), net asks for one address in the older form.
      if (options.all === true) return callback(null, judged);
      callback(null, judged[0].address, judged[0].family);
    };
    try {
      lookup(hostname, lookupOptions(options), answer);
    } catch (error) {
      answer(error instanceof Error ? error : new Error(String(error)), undefined);
    }
  };
}

function lookupOptions(options: Parameters<NetLookup>[1]): Parameters<LookupFunction>[1] {
  const { hints, family } = options;
  return {
    all: true,
    ...(hints === undefined ? {} : { hints }),
    ...(typeof family === 'number' ? { family } : {}),
  };
}

type Answer = [{ address: string; family: number }, ...{ address: string; family: number }[]];

function judgeAnswer(
  hostname: string,
  addresses: unknown,
  policy: AddressPolicy,
): Answer | ConnectionRefusal {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    return new ConnectionRefusal('dns', `${hostname} has no address`);
  }
  const answer: { address: string; family: number }[] = [];
  for (const entry of addresses as readonly { address?: unknown }[]) {
    const address = String(entry?.address);
    const verdict = policy.judge(address, hostname);
    if (!verdict.allowed)
      return new ConnectionRefusal(
        'blocked',
        `${hostname} resolves to ${address}: ${describeRefusal(verdict)}`,
      );
    answer.push({ address, family: isIP(address) });
  }
  return answer as Answer;
}

function dnsRefusal(hostname: string, cause: Error): ConnectionRefusal {
  const code = (cause as NodeJS.ErrnoException).code;
  return new ConnectionRefusal('dns', `cannot resolve ${hostname}${code === undefined ? '' : ` (${code})`}`, {
    cause,
  });
}
