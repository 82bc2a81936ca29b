/**
 * Address ranges that no webhook may reach unless its operator says so, and those that stay closed even then.
 * From the IANA special-purpose address registries (RFC 6890), plus addresses on which clouds serve credentials.
 */

/** A range, and what it is for in the words of an error message. */
export type SpecialRange = readonly [cidr: string, what: string];

/** Closed whatever `allowPrivate` says: here live credentials of the machine. */
export const NEVER_ALLOWED: readonly SpecialRange[] = [
  ['169.254.0.0/16', 'link-local, where clouds serve instance credentials'],
  // The only one in a public range, so no registry lists it.
  ['168.63.129.16/32', 'the host agent of Azure'],
  ['100.100.100.200/32', 'the metadata service of Alibaba Cloud'],
  ['192.0.0.192/32', 'the metadata service of Oracle Cloud'],
  ['fe80::/10', 'link-local'],
  ['fd00:ec2::/32', 'the instance services of AWS'],
  ['fd20:ce::254/128', 'the metadata service of Google Cloud'],
  ['fd00:42::42/128', 'the metadata service of Scaleway'],
  ['fd00:c1::a9fe:a9fe/128', 'the metadata service of Oracle Cloud'],
];

/** IPv4 and IPv6 ranges that are refused unless `allowPrivate` covers them. */
export const REFUSED_BY_DEFAULT: readonly SpecialRange[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'a private network'],
  ['100.64.0.0/10', 'the shared address space of carriers'],
  ['127.0.0.0/8', 'loopback'],
  ['172.16.0.0/12', 'a private network'],
  ['192.0.0.0/24', 'reserved for protocols'],
  ['192.0.2.0/24', 'reserved for documentation'],
  ['192.31.196.0/24', 'reserved for AS112'],
  ['192.52.193.0/24', 'reserved for multicast tunnels'],
  ['192.88.99.0/24', 'the former 6to4 relays'],
  ['192.168.0.0/16', 'a private network'],
  ['192.175.48.0/24', 'reserved for AS112'],
  ['198.18.0.0/15', 'reserved for benchmarks'],
  ['198.51.100.0/24', 'reserved for documentation'],
  ['203.0.113.0/24', 'reserved for documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::1/128', 'loopback'],
  ['fc00::/7', 'a private network'],
  ['2001::/23', 'reserved for protocols'],
  ['2001:db8::/32', 'reserved for documentation'],
  ['2620:4f:8000::/48', 'reserved for AS112'],
  ['3fff::/20', 'reserved for documentation'],
];

/** Of those, the ranges that networks number their own hosts from: where the name of a trusted host may lead. */
export const PRIVATE_RANGES: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
];

/** Of IPv6, only this is routed on the Internet: everything outside of it is refused without a list. */
export const GLOBAL_UNICAST = '2000::/3';
