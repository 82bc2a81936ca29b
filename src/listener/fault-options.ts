import {
  expectInteger,
  expectKnownKeys,
  expectObject,
  unexpected,
  unexpectedWord,
} from '../core/expect-value.ts';
import type { FaultLookup } from './fault-names.ts';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import type { RequestRecorder } from './receiver.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** Options of {@link createFaultReceiver}. */
export interface FaultReceiverOptions {
  /** What goes wrong. */
  readonly fault: FaultName;
  /** Status of its answers, 200 to 999, for faults that do not say themselves. Default 200. */
  readonly status?: number;
  /** Further headers of these answers. Default: none. Sent as they are, line ends included. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Serve TLS, with a certificate that `ca` vouches for. Default false; faults of TLS do in any case. */
  readonly tls?: boolean;
  /** Port of 127.0.0.1 to listen on. Default 0: any free one. */
  readonly port?: number;
  /** Pause between the pieces of what drips, in milliseconds of real time, at least 1. Default 100. */
  readonly dripMs?: number;
  /** Requests to keep; the oldest are dropped first. Default 1000. 0 keeps none, `Infinity` all. */
  readonly maxRequests?: number;
  /** Bytes to keep of each request body; further ones are read and counted. Default 1048576. 0 keeps none, `Infinity` all. */
  readonly maxBodyBytes?: number;
  /** Told of each request that is there as a whole, before the fault is played to it. It must not throw. Default: nobody is. */
  readonly onRequest?: (request: RecordedRequest) => void;
  /** Told each time when the fault was played; see `played`. It must not throw. Default: nobody is. */
  readonly onPlayed?: () => void;
}

/**
 * A webhook receiver that fails in one way, over real sockets, and records what reached it all the same.
 *
 * A dispatcher needs `network: { allowPrivate: ['127.0.0.0/8'] }` to reach it; for faults of names and of TLS also
 * `network: { lookup: receiver.lookup }` and `undiciTransport({ tls: { ca: receiver.ca } })`.
 */
export interface FaultReceiver extends RequestRecorder {
  readonly fault: FaultName;
  /** Resolves the name in `url`, in the way of the fault: a value for the option `network.lookup`. */
  readonly lookup: FaultLookup;
  /** Certificates that vouch for this receiver, PEM: a value for the option `tls.ca` of a transport. */
  readonly ca: string;
  /** How often the fault was played, as far as it goes: to its end, or to where only the peer can end it. */
  readonly played: number;
  /** Bytes read from all connections. */
  readonly bytesReceived: number;
  /** Bytes written to all connections. */
  readonly bytesSent: number;
  /**
   * Resolves as soon as the fault was played `count` times in all.
   *
   * @param options `timeoutMs`: how long to wait before rejecting. Default 5000
   */
  waitForPlayed(count: number, options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Resolves as soon as no connection is open.
   *
   * @param options `timeoutMs`: how long to wait before rejecting. Default 5000
   */
  waitForIdle(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Mends it: from now on every request is answered 204, on new connections. Those that are open are destroyed. */
  recover(): Promise<void>;
}

const KEYS = [
  'fault',
  'status',
  'headers',
  'tls',
  'port',
  'dripMs',
  'maxRequests',
  'maxBodyBytes',
  'onRequest',
  'onPlayed',
] as const satisfies readonly (keyof FaultReceiverOptions)[];

const MAX_DRIP_MS = 60_000;

/** @throws OptionsError naming the option, what was expected and what came */
export function checkFaultOptions(options: FaultReceiverOptions): void {
  expectKnownKeys(expectObject(options, 'faultReceiver', '{ fault, … }'), 'faultReceiver', KEYS);
  const { fault, status = 200, headers = {}, tls = false, port = 0, dripMs = 1 } = options;
  if (!FAULT_NAMES.includes(fault)) throw unexpectedWord('fault', 'the name of a fault', FAULT_NAMES, fault);
  expectInteger(status, 'status', 200, 999);
  for (const [name, value] of Object.entries(expectObject(headers, 'headers', '{ name: value }')))
    if (typeof value !== 'string') throw unexpected(`headers.${name}`, 'a string', value);
  if (typeof tls !== 'boolean') throw unexpected('tls', 'true or false', tls);
  expectInteger(port, 'port', 0, 65_535);
  expectInteger(dripMs, 'dripMs', 1, MAX_DRIP_MS);
  expectCount(options.maxRequests, 'maxRequests');
  expectCount(options.maxBodyBytes, 'maxBodyBytes');
  for (const name of ['onRequest', 'onPlayed'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw unexpected(name, 'a function', options[name]);
}

function expectCount(value: unknown, path: string): void {
  if (value !== undefined && value !== Infinity) expectInteger(value, path, 0, Number.MAX_SAFE_INTEGER);
}
