import { isDeepStrictEqual } from 'node:util';
import { type AddressPolicy, ANY_ADDRESS } from '../core/address-policy.ts';
import type { EndpointRecord } from '../core/endpoint.ts';

interface Rules {
  readonly addressPolicy: AddressPolicy;
  readonly requireHttps: boolean;
}

/**
 * Checks a changed record. A change is not to blame for what was so before: an address that is refused here, or a function that is missing, may
 * be fine for the process that delivers.
 *
 * @param check throws for a record that cannot be served
 * @throws what `check` throws, unless it throws the same for the record before
 */
export function checkChange<Options extends Rules>(
  before: EndpointRecord,
  after: EndpointRecord,
  options: Options,
  check: (record: EndpointRecord, rules: Options) => unknown,
): void {
  const goesElsewhere = before.url !== after.url || !isDeepStrictEqual(before.auth, after.auth);
  const rules = goesElsewhere ? options : { ...options, addressPolicy: ANY_ADDRESS, requireHttps: false };
  const fault = faultOf(() => check(after, rules));
  if (fault === undefined) return;
  if (faultOf(() => check(before, rules))?.message !== fault.message) throw fault;
  // Something that is new may be wrong as well, behind it.
  check(onlyChanged(before, after), rules);
}

/** What a record cannot do without, and what secrets are checked by. */
const KEPT: ReadonlySet<string> = new Set<keyof EndpointRecord>([
  'id',
  'tenant',
  'url',
  'events',
  'status',
  'secrets',
  'signatures',
  'createdAt',
  'updatedAt',
  'revision',
]);

function onlyChanged(before: EndpointRecord, after: EndpointRecord): EndpointRecord {
  const changed = Object.entries(after).filter(
    ([key, value]) => KEPT.has(key) || !isDeepStrictEqual(value, before[key as keyof EndpointRecord]),
  );
  return Object.fromEntries(changed) as unknown as EndpointRecord;
}

function faultOf(check: () => unknown): Error | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
