/**
 * Names of hosts that an operator trusts to have private addresses. Names only: an address would be trusted under
 * whatever name it is reached, and has a list of its own.
 */
import { isIP } from 'node:net';
import { OptionsError } from '../errors.ts';
import { expectArray, unexpected } from './expect-value.ts';

/** Whether a host has one of the names. Case and a trailing dot do not count. */
export type HostMatcher = (hostname: string) => boolean;

const MAX_PATTERNS = 1_000;
const EXPECTED = "the name of a host like 'hooks.internal', or '*.svc.local' for the names one label below";
/** What no name has: white space, and what separates a name from other parts of a URL. */
const NO_PART_OF_A_NAME = /[\s/\\?#@:[\]%]/;

/**
 * Reads names like `hooks.internal`, and `*.svc.local` for all names with exactly one more label in front, as in
 * certificates. International names are compared in their ASCII form.
 *
 * @throws OptionsError at `path[0]`
 */
export function createHostMatcher(patterns: unknown, path: string): HostMatcher {
  const names = new Set<string>();
  const parents = new Set<string>();
  const given = expectArray(patterns, path, { of: 'names of hosts', min: 0, max: MAX_PATTERNS });
  for (const [index, pattern] of given.entries()) {
    const at = `${path}[${index}]`;
    if (typeof pattern !== 'string') throw unexpected(at, EXPECTED, pattern);
    if (pattern.startsWith('*.')) parents.add(readName(pattern.slice(2), pattern, at));
    else names.add(readName(pattern, pattern, at));
  }
  return (hostname) => {
    const name = withoutRoot(hostname.toLowerCase());
    return names.has(name) || parents.has(parentOf(name));
  };
}

function readName(text: string, pattern: string, path: string): string {
  if (text.includes('*'))
    throw new OptionsError(
      path,
      `${path}: ${JSON.stringify(pattern)}: a star can only be the whole first label, as in '*.svc.local'.`,
    );
  if (NO_PART_OF_A_NAME.test(text) || !URL.canParse(`http://${text}`))
    throw unexpected(path, EXPECTED, pattern);
  const name = withoutRoot(new URL(`http://${text}`).hostname);
  if (isIP(name) !== 0)
    throw new OptionsError(
      path,
      `${path}: ${JSON.stringify(pattern)} is an address, not a name. Give addresses to network.allowPrivate.`,
    );
  if (name.split('.').includes('')) throw unexpected(path, EXPECTED, pattern);
  return name;
}

function withoutRoot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** Empty for a name of one label. */
function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1);
}
