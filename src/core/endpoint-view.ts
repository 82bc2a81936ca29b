import type { EndpointRecord } from './endpoint.ts';
import { type AuthView, toAuthView } from './endpoint-auth.ts';
import { type TlsView, toTlsView } from './endpoint-tls.ts';
import { publicKeyOf } from './secret.ts';
import type { SignatureSetting } from './signature.ts';

/** Secrets below this length get no hint: four of their characters would give too much away. */
const MIN_HINTED_LENGTH = 12;
const HINT_LENGTH = 4;

/** What may be known of a secret. */
export interface SecretView {
  /** Its last four characters, to tell it from others; empty for a secret of fewer than 12 characters. */
  readonly hint: string;
  /** When it was given or generated, epoch ms. */
  readonly createdAt: number;
  /** When it stops signing, epoch ms; undefined: never. One that has expired is listed until the endpoint is next changed. */
  readonly expiresAt: number | undefined;
  /** `whpk_…`, for receivers to verify with; undefined unless the endpoint signs with `standard-ed25519`. */
  readonly publicKey: string | undefined;
}

/** An endpoint as named functions and API replies see it: everything but the text of its secrets and credentials. */
export type EndpointView = Omit<EndpointRecord, 'secrets' | 'auth' | 'tls'> & {
  /** Its secrets, the newest first. */
  readonly secrets: readonly SecretView[];
  readonly auth?: AuthView | false | undefined;
  readonly tls?: TlsView | false | undefined;
};

/** The record without the text of its secrets and credentials. `defaultSignatures` hold where the record has none of its own. */
export function toEndpointView(
  record: EndpointRecord,
  defaultSignatures: readonly SignatureSetting[],
): EndpointView {
  const signatures = record.signatures ?? defaultSignatures;
  const { auth, tls, ...rest } = record;
  return {
    ...rest,
    ...(auth === undefined ? {} : { auth: auth && toAuthView(auth) }),
    ...(tls === undefined ? {} : { tls: tls && toTlsView(tls) }),
    secrets: record.secrets.map(({ value, createdAt, expiresAt }) => ({
      hint: hintOf(value),
      createdAt,
      expiresAt,
      publicKey: publicKeyOf(value, signatures),
    })),
  };
}

function hintOf(secret: string): string {
  const characters = [...secret];
  return characters.length < MIN_HINTED_LENGTH ? '' : characters.slice(-HINT_LENGTH).join('');
}
