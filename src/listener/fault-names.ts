import type { Resolver } from 'node:dns';
import { DnsServer } from './dns-server.ts';
import type { NameFault } from './faults/fault.ts';

/** Name resolution in the form of `dns.lookup` with `{ all: true }`: a value for the option `network.lookup`. */
export type FaultLookup = (
  hostname: string,
  options: { all: true; hints?: number; family?: number },
  callback: (error: Error | null, addresses: readonly { address: string; family: number }[]) => void,
) => void;

/** How the name of a receiver resolves. */
export interface FaultNames {
  readonly lookup: FaultLookup;
  close(): Promise<void>;
}

const LOOPBACK = { address: '127.0.0.1', family: 4 };
/** Where clouds serve their credentials. */
const METADATA = { address: '169.254.169.254', family: 4 };

/** A resolver that has asked for this long has timed out. */
const SHORT_WAIT_MS = 50;
/** Longer than any attempt. */
const LONG_WAIT_MS = 24 * 60 * 60 * 1000;

/** @param onAsked is called for each question, as soon as it is on its way */
export async function createNames(fault: NameFault | undefined, onAsked: () => void): Promise<FaultNames> {
  if (fault === undefined) return answeringNames(() => LOOPBACK);
  if (fault === 'turns_private') {
    let asked = 0;
    return answeringNames(() => ((asked += 1) === 1 ? LOOPBACK : METADATA));
  }
  const server = new DnsServer(fault === 'timed_out' ? 'silent' : fault, onAsked);
  await server.listen();
  const resolver = server.createResolver(fault === 'silent' ? LONG_WAIT_MS : SHORT_WAIT_MS);
  return {
    lookup: (hostname, _options, callback) => resolve(resolver, hostname, callback),
    async close() {
      resolver.cancel();
      await server.close();
    },
  };
}

function answeringNames(next: () => { address: string; family: number }): FaultNames {
  return {
    lookup: (_hostname, _options, callback) => callback(null, [next()]),
    close: () => Promise.resolve(),
  };
}

function resolve(resolver: Resolver, hostname: string, callback: Parameters<FaultLookup>[2]): void {
  resolver.resolve4(hostname, (error, addresses) => {
    if (error !== null) return callback(error, []);
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  });
}
