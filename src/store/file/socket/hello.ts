/** The first frame in each direction: who is there, and whether both understand each other. */
import { serialize } from 'node:v8';
import { isKeyFingerprints, type KeyFingerprints } from '../../codec/key-fingerprints.ts';

/** Version of what a hello has, and of what is said after it. */
const PROTOCOL_VERSION = 2;

/** Version of structured clones in this Node.js. */
const CLONE_VERSION = serialize(null)[1]!;

/** What both sides say first. */
export interface Hello {
  readonly protocol: number;
  readonly clone: number;
  readonly pid: number;
}

/** What a client says. */
export interface ClientHello extends Hello {
  /** Owners of leases that this process has named in its calls so far. */
  readonly holders: readonly string[];
}

/** What an owner answers, once it can be called. */
export interface OwnerHello extends Hello {
  /** Counts the owners of the folder, one after the other. */
  readonly epoch: number;
  /** What may be known of its keys; left out where it has none. */
  readonly keys?: KeyFingerprints | undefined;
}

/** What a client says. */
export function clientHello(holders: Iterable<string>): ClientHello {
  return { ...hello(), holders: [...holders] };
}

/** What an owner answers. */
export function ownerHello(epoch: number, keys?: KeyFingerprints): OwnerHello {
  return { ...hello(), epoch, keys };
}

function hello(): Hello {
  return { protocol: PROTOCOL_VERSION, clone: CLONE_VERSION, pid: process.pid };
}

/** Whether something received is a hello, of any version. */
export function isHello(value: unknown): value is Hello {
  const { protocol, clone, pid } = (value ?? {}) as Partial<Hello>;
  return [protocol, clone, pid].every((one) => Number.isSafeInteger(one));
}

/** Whether a hello of this version is that of a client. */
export function isClientHello(value: Hello): value is ClientHello {
  const { holders } = value as Partial<ClientHello>;
  return Array.isArray(holders) && holders.every((one) => typeof one === 'string');
}

/** Whether a hello of this version is that of an owner. */
export function isOwnerHello(value: Hello): value is OwnerHello {
  const { epoch, keys } = value as Partial<OwnerHello>;
  return Number.isSafeInteger(epoch) && (keys === undefined || isKeyFingerprints(keys));
}

/** Why this process and another one cannot talk; `undefined` when they can. */
export function findMismatch(other: Hello): string | undefined {
  if (other.protocol !== PROTOCOL_VERSION) {
    return (
      `process ${other.pid} speaks version ${other.protocol} of the control protocol, this one version ` +
      `${PROTOCOL_VERSION}. Run the same version of Posthorn in both`
    );
  }
  if (other.clone !== CLONE_VERSION) {
    return (
      `process ${other.pid} encodes values in version ${other.clone}, this one in version ${CLONE_VERSION}. ` +
      'Run the same version of Node.js in both'
    );
  }
  return undefined;
}
