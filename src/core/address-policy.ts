/**
 * Which addresses may be connected to. Everything that is not plainly a public unicast address is refused, and what
 * cannot be read is refused too: a mistake in here makes every application that lets strangers choose endpoint URLs
 * a door into its own network.
 */
import { BlockList } from 'node:net';
import { OptionsError } from '../errors.ts';
import { type Cidr, parseCidr } from './cidr.ts';
import { createHostMatcher } from './host-patterns.ts';
import { formatIpv4, parseIpAddress } from './ip-address.ts';
import {
  GLOBAL_UNICAST,
  NEVER_ALLOWED,
  PRIVATE_RANGES,
  REFUSED_BY_DEFAULT,
  type SpecialRange,
} from './special-addresses.ts';

/** Whether an address may be connected to. */
export type AddressVerdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      /** For people: `127.0.0.1 is loopback`. */
      readonly why: string;
      /** The narrowest sensible range that would allow it, or ranges as in a list: `127.0.0.0/8', '::1/128`; absent when nothing does. */
      readonly allowWith?: string;
      /** The name that led to it, when it would be allowed under that one; see `allowHosts`. */
      readonly allowHost?: string;
    };

type AddressRefusal = Extract<AddressVerdict, { readonly allowed: false }>;

/** Judges addresses, never names: a name is judged by every address it resolves to, at the moment of connecting. */
export interface AddressPolicy {
  /**
   * @param address an IPv4 or IPv6 address in text, without brackets; anything else is refused
   * @param hostname the name that resolved to it; left out for an address that was given as such
   */
  judge(address: string, hostname?: string): AddressVerdict;
}

/** For what an operator chose, or what is not judged here. */
export const ANY_ADDRESS: AddressPolicy = { judge: () => ({ allowed: true }) };

export interface AddressPolicyOptions {
  /**
   * Ranges to allow in addition to the public Internet, such as `['10.0.0.0/8', '::1/128']`. Empty allows none.
   * Link-local and cloud metadata addresses stay refused. An IPv6 range that carries IPv4 addresses (`64:ff9b::/96`
   * of NAT64) allows those of them whose IPv4 address is allowed by itself.
   */
  readonly allowPrivate: readonly string[];
  /**
   * Names of hosts, such as `['hooks.internal', '*.svc.local']`, that may resolve to private addresses: private ranges,
   * shared address space and loopback, nothing else that is refused. `*.` stands for exactly one label. Default: none.
   */
  readonly allowHosts?: readonly string[];
}

const ALLOWED: AddressVerdict = { allowed: true };

/** @throws OptionsError naming `network.allowPrivate[0]` or `network.allowHosts[0]` when it cannot be read */
export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const allowed = readAllowed(options.allowPrivate, 'network.allowPrivate');
  const never = namedRanges(NEVER_ALLOWED);
  const refused = namedRanges(REFUSED_BY_DEFAULT);
  const isTrustedHost = createHostMatcher(options.allowHosts ?? [], 'network.allowHosts');
  const globalUnicast = listOf([GLOBAL_UNICAST]);
  const privateRanges = listOf(PRIVATE_RANGES);

  function judge(address: string, hostname?: string): AddressVerdict {
    const bytes = parseIpAddress(address);
    if (bytes === undefined)
      return { allowed: false, why: `${JSON.stringify(address)} is not an IP address` };
    // A family that does not fit makes BlockList.check say false, so it is derived from what was parsed.
    const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
    const closed = never.find((range) => range.list.check(address, family));
    if (closed !== undefined) return { allowed: false, why: `${address} is ${closed.what}` };
    const isListed = allowed[family].check(address, family);
    const carried = family === 'ipv6' ? carriedIpv4(bytes) : undefined;
    if (carried !== undefined)
      return judgeCarried(address, carried, isListed, judge(carried.address, hostname));
    if (isListed) return ALLOWED;
    if (hostname !== undefined && privateRanges.check(address, family) && isTrustedHost(hostname))
      return ALLOWED;
    const special = refused.find((range) => range.list.check(address, family));
    if (special !== undefined) {
      const refusal = refuse(address, family, special.what);
      const isOpenToNames = hostname !== undefined && privateRanges.check(address, family);
      return isOpenToNames ? { ...refusal, allowHost: hostname } : refusal;
    }
    if (family === 'ipv4' || globalUnicast.check(address, family)) return ALLOWED;
    return refuse(address, family, `no public address (outside ${GLOBAL_UNICAST})`);
  }
  return { judge };
}

/** Why an address is refused, and which options of the dispatcher would allow it: for its operators, as it may tell an internal address. */
export function describeRefusal({ why, allowWith, allowHost }: AddressRefusal): string {
  const options = [
    ...(allowHost === undefined ? [] : [`allowHosts: ['${allowHost}']`]),
    ...(allowWith === undefined ? [] : [`allowPrivate: ['${allowWith}']`]),
  ];
  if (options.length === 0) return `${why}; no option allows it`;
  const named = options.map((option) => `{ ${option} }`).join(' or ');
  return `${why}; private addresses are refused unless the dispatcher has network: ${named}`;
}

function refuse(address: string, family: 'ipv4' | 'ipv6', what: string): AddressRefusal {
  const narrowest = family === 'ipv4' ? `${address}/32` : `${address}/128`;
  const isLoopback4 = family === 'ipv4' && address.startsWith('127.');
  return { allowed: false, why: `${address} is ${what}`, allowWith: isLoopback4 ? '127.0.0.0/8' : narrowest };
}

/** Allowing the range of gateways must not allow what lies behind them, so both addresses have to pass. */
function judgeCarried(
  address: string,
  carried: CarriedAddress,
  isListed: boolean,
  inner: AddressVerdict,
): AddressVerdict {
  if (isListed && inner.allowed) return ALLOWED;
  const why = `${address} is ${carried.what} for ${carried.address}`;
  const outer = isListed ? [] : [carried.range ?? `${address}/128`];
  if (inner.allowed) return { allowed: false, why, allowWith: outer.join() };
  return inner.allowWith === undefined
    ? { allowed: false, why }
    : { allowed: false, why, allowWith: [...outer, inner.allowWith].join("', '") };
}

interface CarriedAddress {
  readonly address: string;
  readonly what: string;
  /** The range of all addresses of this form, where there is one. */
  readonly range: string | undefined;
}

/** The IPv4 address that an IPv6 address leads to, for the forms in which a gateway or the kernel unwraps it. */
function carriedIpv4(bytes: Uint8Array): CarriedAddress | undefined {
  const last = (what: string, range?: string): CarriedAddress => ({
    address: formatIpv4(bytes, 12),
    what,
    range,
  });
  if (startsWith(bytes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]))
    return last('a mapped address', '::ffff:0:0/96');
  // `::` and `::1` lie in the range of IPv4-compatible addresses but lead to no IPv4 address.
  if (startsWith(bytes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) && (bytes[12] !== 0 || bytes[13] !== 0)) {
    return last('an IPv4-compatible address', '::/96');
  }
  if (startsWith(bytes, [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]))
    return last('a NAT64 address', '64:ff9b::/96');
  if (startsWith(bytes, [0x20, 0x02])) {
    return { address: formatIpv4(bytes, 2), what: 'a 6to4 address', range: '2002::/16' };
  }
  // ISATAP (RFC 5214): any prefix, then the interface identifier 0000:5efe or 0200:5efe.
  const isIsatap =
    (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return isIsatap ? last('an ISATAP address') : undefined;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** Two lists, because one BlockList would unwrap a mapped address and let an IPv4 range allow it. */
function readAllowed(allowPrivate: unknown, path: string): { ipv4: BlockList; ipv6: BlockList } {
  if (!Array.isArray(allowPrivate)) {
    throw new OptionsError(
      path,
      `${path}: expected an array of ranges like ['10.0.0.0/8'], got ${typeof allowPrivate}.`,
    );
  }
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  allowPrivate.forEach((value: unknown, index) => {
    const cidr = parseCidr(value, `${path}[${index}]`);
    refuseWhatStaysClosed(cidr, value as string, `${path}[${index}]`);
    lists[cidr.family].addSubnet(cidr.address, cidr.prefix, cidr.family);
  });
  return lists;
}

/** Nothing of it would be allowed, so whoever gives it expects something else. A wider range may hold some of them. */
function refuseWhatStaysClosed({ address, prefix, family }: Cidr, value: string, path: string): void {
  for (const [range, what] of NEVER_ALLOWED) {
    const closed = parseCidr(range, 'special address');
    if (closed.family !== family || closed.prefix > prefix || !listOf([range]).check(address, family))
      continue;
    throw new OptionsError(
      path,
      `${path}: ${value} is ${what}, and stays refused whatever is allowed. Leave it out.`,
    );
  }
}

function namedRanges(ranges: readonly SpecialRange[]): readonly { list: BlockList; what: string }[] {
  return ranges.map(([cidr, what]) => ({ list: listOf([cidr]), what }));
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const { address, prefix, family } = parseCidr(range, 'special address');
    list.addSubnet(address, prefix, family);
  }
  return list;
}
