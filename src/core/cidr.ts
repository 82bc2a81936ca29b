import { OptionsError } from '../errors.ts';
import { formatIpv4, parseIpAddress } from './ip-address.ts';

/** A range of addresses: those that share the first `prefix` bits with `address`. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * Reads `10.0.0.0/8` or `fd00::/8`. Strict, because a range that was read differently than it was meant opens a
 * network: the prefix is required, and no bit after it may be set.
 *
 * @throws OptionsError at `path`
 */
export function parseCidr(value: unknown, path: string): Cidr {
  if (typeof value !== 'string') {
    throw new OptionsError(
      path,
      `${path}: expected ${EXPECTED}, got ${value === null ? 'null' : typeof value}.`,
    );
  }
  const slash = value.indexOf('/');
  const address = slash < 0 ? value : value.slice(0, slash);
  const bytes = parseIpAddress(address);
  if (bytes === undefined)
    throw new OptionsError(path, `${path}: expected ${EXPECTED}, got ${quote(value)}.${adviceFor(value)}`);
  const bits = bytes.length * 8;
  if (slash < 0) {
    const advice = `write ${quote(`${address}/${bits}`)} for this one address`;
    throw new OptionsError(path, `${path}: ${quote(value)} has no prefix length; ${advice}.`);
  }
  const prefix = readPrefix(value.slice(slash + 1), bits);
  if (prefix === undefined) {
    throw new OptionsError(
      path,
      `${path}: the prefix length of ${quote(value)} must be a number from 0 to ${bits}.`,
    );
  }
  assertNoHostBits(bytes, prefix, value, path);
  return { address, prefix, family: bits === 32 ? 'ipv4' : 'ipv6' };
}

const EXPECTED = "a range of addresses like '10.0.0.0/8' or 'fd00::/8'";

function adviceFor(value: string): string {
  return value.toLowerCase() === 'localhost' ? " For localhost write '127.0.0.0/8', '::1/128'." : '';
}

function readPrefix(text: string, bits: number): number | undefined {
  const prefix = Number(text);
  // The comparison refuses '', ' 8', '08', '+8', '8.0' and '0x8', all of which Number() accepts.
  return String(prefix) === text && Number.isInteger(prefix) && prefix >= 0 && prefix <= bits
    ? prefix
    : undefined;
}

function assertNoHostBits(bytes: Uint8Array, prefix: number, value: string, path: string): void {
  const masked = bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  if (masked.every((byte, index) => byte === bytes[index])) return;
  const advice = bytes.length === 4 ? `; did you mean ${quote(`${formatIpv4(masked, 0)}/${prefix}`)}?` : '.';
  throw new OptionsError(path, `${path}: ${quote(value)} has bits set after its first ${prefix}${advice}`);
}

/** Ranges come from code or a configuration file; still, a long one is cut. */
function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
