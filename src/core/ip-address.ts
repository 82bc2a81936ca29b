import { isIP } from 'node:net';

/** Bytes of an IPv6 address, and of the IPv4 address that some IPv6 addresses carry at their end. */
const IPV6_BYTES = 16;

/**
 * The bytes of an IP address: 4 for IPv4, 16 for IPv6. `undefined` for everything else, IPv6 addresses with a zone
 * (`fe80::1%eth0`) included: a zone names an interface of this machine, which no stranger may choose.
 */
export function parseIpAddress(address: string): Uint8Array | undefined {
  // isIP accepts only the strict forms: four decimal parts without leading zeros, or RFC 4291 text.
  switch (isIP(address)) {
    case 4:
      return Uint8Array.from(address.split('.'), Number);
    case 6:
      return address.includes('%') ? undefined : parseIpv6(address);
    default:
      return undefined;
  }
}

/** The dotted form of four bytes starting at `offset`. */
export function formatIpv4(bytes: Uint8Array, offset: number): string {
  return bytes.subarray(offset, offset + 4).join('.');
}

function parseIpv6(address: string): Uint8Array {
  const bytes = new Uint8Array(IPV6_BYTES);
  const gap = address.indexOf('::');
  const head = groupsOf(gap < 0 ? address : address.slice(0, gap));
  const tail = gap < 0 ? [] : groupsOf(address.slice(gap + 2));
  bytes.set(head, 0);
  bytes.set(tail, IPV6_BYTES - tail.length);
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
