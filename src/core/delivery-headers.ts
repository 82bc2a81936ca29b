/** How the headers of an endpoint fit together: nothing may be written twice, because receivers would read `a, b`. */
import type { DeliverySettings, EnvelopeSetting } from './endpoint.ts';
import type { EndpointAuth } from './endpoint-auth.ts';
import { describeEnvelope } from './envelope.ts';
import { headerPath, refuseHeader, validateComputedHeaders, validateHeaders } from './header-rules.ts';
import { resolveSignature, type SignatureSetting } from './signature.ts';
import { ORIGIN_HEADER } from './webhook-handshake.ts';

/** The settings that write headers, as they hold for one endpoint: its own, else the dispatcher's. */
export interface HeaderSettings {
  readonly envelope: EnvelopeSetting;
  readonly signatures: readonly SignatureSetting[];
  readonly headers: Readonly<Record<string, string>>;
  readonly computedHeaders: Readonly<Record<string, string>>;
  /** Default: false. */
  readonly auth?: EndpointAuth | false;
  /** Default: false. */
  readonly verification?: DeliverySettings['verification'];
}

/** Headers that are sent besides those of envelope and signatures. */
export interface FittedHeaders {
  /** Static ones, without a content-type that only repeats the envelope's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Computed ones: names of headers, each with the name of its value. */
  readonly computedHeaders: Readonly<Record<string, string>>;
}

/**
 * Checks static and computed headers against each other, the envelope and the signature schemes. Headers that named
 * functions write are not known here; the engine compares them at each attempt with what {@link writtenHeaders} says.
 *
 * @param path where the settings stand: empty for options of the dispatcher
 * @throws OptionsError
 */
export function fitHeaders(settings: HeaderSettings, path: string): FittedHeaders {
  const at = (member: string): string => (path === '' ? member : `${path}.${member}`);
  refuseSharedHeaders(settings, at('signatures'));
  refuseSharedAuthorization(settings, at('auth'));
  const alsoReserved = writtenHeaders(settings);
  const computedHeaders = validateComputedHeaders(settings.computedHeaders, at('computedHeaders'));
  for (const name of Object.keys(computedHeaders)) {
    const writer = alsoReserved.get(name.toLowerCase());
    if (writer !== undefined) {
      throw refuseHeader(headerPath(at('computedHeaders'), name), name, `${writer} writes it`);
    }
    alsoReserved.set(name.toLowerCase(), 'computedHeaders');
  }
  const { contentType } = describeEnvelope(settings.envelope);
  const headers = validateHeaders(settings.headers, at('headers'), { alsoReserved, contentType });
  return { headers, computedHeaders };
}

/** A scheme with a header of its choice may have chosen one of the envelope, or of the handshake. */
function refuseSharedHeaders({ envelope, signatures, verification }: HeaderSettings, path: string): void {
  const others = writtenHeaders({ envelope, signatures: [], verification });
  for (const [index, setting] of signatures.entries()) {
    const shared = resolveSignature(setting).headerNames.find((header) => others.has(header));
    if (shared !== undefined)
      throw refuseHeader(
        `${path}[${index}]`,
        shared,
        `${others.get(shared)} writes it; choose another header`,
      );
  }
}

function refuseSharedAuthorization(settings: HeaderSettings, path: string): void {
  if (settings.auth === undefined || settings.auth === false) return;
  const writer = writtenHeaders({ ...settings, auth: false }).get('authorization');
  if (writer !== undefined) throw refuseHeader(path, 'authorization', `${writer} writes it`);
}

/** Names, in lower case, of the headers that envelope, signature schemes, `auth` and `verification` write, each with who does. */
export function writtenHeaders(
  settings: Pick<HeaderSettings, 'envelope' | 'signatures' | 'auth' | 'verification'>,
): Map<string, string> {
  const envelope = describeEnvelope(settings.envelope);
  const written = new Map<string, string>();
  for (const name of envelope.headerNames) written.set(name, `the envelope ${JSON.stringify(envelope.name)}`);
  for (const setting of settings.signatures) {
    const { name, headerNames } = resolveSignature(setting);
    for (const header of headerNames) written.set(header, `the signature scheme ${JSON.stringify(name)}`);
  }
  if (settings.auth !== undefined && settings.auth !== false) written.set('authorization', 'auth');
  if (settings.verification === 'handshake') written.set(ORIGIN_HEADER, 'verification');
  return written;
}
