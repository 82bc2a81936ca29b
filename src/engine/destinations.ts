/**
 * Destinations that come with messages, ready to use. Each becomes a hidden endpoint under an id that follows from its
 * settings, so the same destination is the same endpoint, here, in other processes and after a restart. Checked and
 * compiled once while it is in use: an application that emits to one URL again and again pays for a look-up.
 */
import { createHash } from 'node:crypto';
import { createDestinationRecord, type Destination } from '../core/destination.ts';
import type { RecordSurroundings } from '../core/endpoint-record.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { HIDDEN_ID_PREFIX } from '../core/id.ts';
import { canonicalJson, isPlainJson } from '../core/plain-json.ts';
import { shortSecretWarning } from '../core/secret.ts';
import type { EndpointCompiler, EndpointRuntime } from './endpoint-runtime.ts';
import { RecentMap } from './recent-map.ts';

export interface DestinationsOptions extends RecordSurroundings {
  readonly compiler: Pick<EndpointCompiler, 'target' | 'check' | 'compile'>;
  /** Most destinations kept ready. */
  readonly maxDestinations: number;
  /** A line for the log of the host. */
  readonly warn: (message: string) => void;
}

/** A longer text is checked each time: texts are kept beside what they mean. */
const MAX_CACHED_TEXT = 4_096;

export class Destinations {
  readonly #options: DestinationsOptions;
  readonly #byText: RecentMap<EndpointRuntime>;
  readonly #byId: RecentMap<EndpointRuntime>;

  constructor(options: DestinationsOptions) {
    this.#options = options;
    this.#byText = new RecentMap(options.maxDestinations);
    this.#byId = new RecentMap(options.maxDestinations);
  }

  /** A hidden endpoint that was used lately. */
  get(id: string): EndpointRuntime | undefined {
    return this.#byId.get(id);
  }

  /** Takes over the record of a hidden endpoint from the store. */
  load(record: EndpointRecord): EndpointRuntime {
    const runtime = this.#options.compiler.compile(record);
    this.#byId.set(record.id, runtime);
    return runtime;
  }

  forget(id: string): void {
    this.#byId.delete(id);
  }

  /**
   * The hidden endpoint of a destination.
   *
   * @param path name of the destination in messages: `to[1]`
   * @throws OptionsError naming what is wrong: `to[1].url`
   */
  take(destination: object, path: string, tenant: string): EndpointRuntime {
    const key = keyOf(destination, tenant);
    const known = key === undefined ? undefined : this.#byText.get(key);
    const runtime = known ?? this.#create(destination, path, tenant);
    if (key !== undefined && known === undefined) this.#byText.set(key, runtime);
    // Also when it is known by its text: attempts look it up by its id.
    if (this.#byId.get(runtime.record.id) === undefined) this.#byId.set(runtime.record.id, runtime);
    return runtime;
  }

  #create(destination: object, path: string, tenant: string): EndpointRuntime {
    const { compiler } = this.#options;
    const draft = createDestinationRecord(destination, path, tenant, this.#options);
    const { origin, href } = compiler.target(draft, path);
    const record = identify({ ...draft, url: href }, origin);
    const known = this.#byId.get(record.id);
    if (known !== undefined) return known;
    const runtime = compiler.check(record, path);
    this.#warnOfShortSecrets(runtime);
    return runtime;
  }

  #warnOfShortSecrets({ record, settings, ref }: EndpointRuntime): void {
    for (const [index, { value }] of record.secrets.entries()) {
      const where = `secrets[${index}] of the destination ${ref.url}`;
      const warning = shortSecretWarning(value, where, settings.signatures);
      if (warning !== undefined) this.#options.warn(warning);
    }
  }
}

/**
 * Ids of a hidden endpoint and its lane. All destinations of one tenant and origin with the same limits share a lane:
 * they protect a server, and a URL for each job would leave it without any.
 */
function identify(record: EndpointRecord, origin: string): EndpointRecord {
  const { tenant, concurrency, rateLimit, maxConcurrencyTotal } = record;
  const lane = `${HIDDEN_ID_PREFIX}lane_${digest([tenant, origin, concurrency, rateLimit, maxConcurrencyTotal])}`;
  // When a secret was first seen, and by whom, makes no difference.
  const settings = { ...record, lane, secrets: record.secrets.map(({ value }) => value) };
  return { ...record, lane, id: HIDDEN_ID_PREFIX + digest(settings) };
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}

/** What makes two destinations of one tenant the same before they are checked; `undefined`: to be checked each time. */
function keyOf(destination: object, tenant: string): string | undefined {
  try {
    const { url } = destination as Partial<Destination>;
    if (!isPlainJson(url instanceof URL ? { ...destination, url: '' } : destination)) return undefined;
    const text = JSON.stringify(destination);
    return text.length > MAX_CACHED_TEXT ? undefined : `${tenant.length}:${tenant}${text}`;
  } catch {
    // Cycles, and what is nested too deep: the check names the place.
    return undefined;
  }
}
