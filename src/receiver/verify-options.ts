/** The options of verification: checked once, when they are given, so that a mistake shows before the first request. */
import { systemClock } from '../clock.ts';
import { describeType } from '../core/describe-value.ts';
import {
  expectArray,
  expectKnownKeys,
  expectObject,
  unexpected,
  unexpectedWord,
} from '../core/expect-value.ts';
import { validateHeaderName } from '../core/header-rules.ts';
import {
  decodePublicKey,
  decodeStandardSecret,
  encodeTextSecret,
  PRIVATE_KEY_PREFIX,
  PUBLIC_KEY_PREFIX,
  refuseSecret,
} from '../core/secret-format.ts';
import type { SignatureScheme } from '../core/signature-schemes.ts';
import {
  resolveSignature,
  SIGNATURE_NAMES,
  type SignatureOptions,
  validateSignature,
} from '../core/signature.ts';
import { OptionsError } from '../errors.ts';
import { ENVELOPE_READERS, type ReceivedEnvelope } from './envelopes.ts';
import type { KeyBytes } from './web-crypto.ts';

/** Names of the signature schemes that a receiver can verify: those of the sender, `none` aside. */
export type ReceivedScheme =
  'standard' | 'standard-ed25519' | 'github' | 'stripe' | 'shopify' | 'hex' | 'timestamped-hex';

/** How requests are verified. Exactly one of `secret`, `secrets`, `publicKey` and `publicKeys` is needed. */
export interface VerifyWebhookOptions {
  /** The secret of the endpoint, as `endpoints.create` returned it. */
  readonly secret?: string;
  /** Several secrets, any of which may have signed: the new and the old one during a rotation. 1 to 10. */
  readonly secrets?: readonly string[];
  /** The public key `whpk_…` of the endpoint, for `standard-ed25519`. */
  readonly publicKey?: string;
  /** Several public keys, any of which may have signed. 1 to 10. */
  readonly publicKeys?: readonly string[];
  /**
   * The signature scheme, named and set as for the sender: `'github'`, `{ scheme: 'hex', header: 'X-Acme-Signature' }`.
   * Default `standard`, or `standard-ed25519` with a public key.
   */
  readonly scheme?: ReceivedScheme | (SignatureOptions & { readonly scheme: ReceivedScheme });
  /**
   * What the body is: the envelope of the sender. Default `standard`. It is not guessed, because content types are not
   * signed: whoever repeats a request could have it read in another way.
   */
  readonly envelope?: ReceivedEnvelope;
  /**
   * How far the signed time may be from `now`, in either direction, in seconds. Default 300 (5 min). 0 allows the same second
   * only, `Infinity` any time. `github`, `shopify` and `hex` sign no time.
   */
  readonly toleranceSeconds?: number;
  /**
   * Asked about the id of each message that is genuine; true means seen before, and the request is refused as `replayed`. It must
   * remember the id, in the same step, for at least `ttlMs`: twice the tolerance, or `Infinity` where no time bounds a repetition.
   * A retry of the sender has the same id: forget the id of a message that you could not handle. Default: nothing is asked.
   */
  readonly seen?: (id: string, ttlMs: number) => boolean | Promise<boolean>;
  /**
   * Says what a message is whose envelope does not (`raw`, `form`, `bytes`), by its data: `(data) => ({ id: data.id, type: data.type })`. Called
   * for genuine requests only. The data is signed, so nobody else can change this id, and it comes before that of `idHeader`. Data that it throws
   * at is refused as `malformed_body`. Default: nothing is taken from the data.
   */
  readonly identify?: (data: unknown) => {
    readonly id?: string | undefined;
    readonly type?: string | undefined;
  };
  /** Header with the id of the message, where neither scheme nor envelope has one: `x-github-delivery`. No signature covers it. */
  readonly idHeader?: string;
  /** Header with the event type, where the envelope has none: `x-github-event`. No signature covers it. */
  readonly typeHeader?: string;
  /** The time, epoch ms. Default: that of the machine. Tests with a manual clock pass its `now`. */
  readonly now?: () => number;
}

/** The names of {@link VerifyWebhookOptions}. */
export const VERIFY_OPTION_NAMES = [
  'secret',
  'secrets',
  'publicKey',
  'publicKeys',
  'scheme',
  'envelope',
  'toleranceSeconds',
  'seen',
  'identify',
  'idHeader',
  'typeHeader',
  'now',
] as const satisfies readonly (keyof VerifyWebhookOptions)[];

/** Options with nothing missing. */
export interface ResolvedVerification {
  readonly scheme: SignatureScheme;
  readonly keys: readonly KeyBytes[];
  readonly envelope: ReceivedEnvelope;
  readonly toleranceSeconds: number;
  readonly seen: VerifyWebhookOptions['seen'];
  readonly identify: VerifyWebhookOptions['identify'];
  readonly idHeader: string | undefined;
  readonly typeHeader: string | undefined;
  readonly now: () => number;
}

const MAX_KEYS = 10;
const DEFAULT_TOLERANCE_SECONDS = 300;

/** @throws OptionsError; the message shows no secret */
export function resolveVerification(options: VerifyWebhookOptions): ResolvedVerification {
  expectKnownKeys(expectObject(options, 'options', 'an object with a secret or a public key'), '', [
    ...VERIFY_OPTION_NAMES,
  ]);
  const {
    envelope = 'standard',
    toleranceSeconds = DEFAULT_TOLERANCE_SECONDS,
    idHeader,
    typeHeader,
  } = options;
  const { seen, identify, now = () => systemClock.now() } = options;
  if (!Object.hasOwn(ENVELOPE_READERS, envelope))
    throw unexpectedWord('envelope', 'the name of an envelope', Object.keys(ENVELOPE_READERS), envelope);
  if (typeof toleranceSeconds !== 'number' || !(toleranceSeconds >= 0))
    throw unexpected('toleranceSeconds', 'a number of seconds from 0, or Infinity', toleranceSeconds);
  for (const [name, value] of Object.entries({ seen, identify, now }))
    if (value !== undefined && typeof value !== 'function') throw unexpected(name, 'a function', value);
  for (const [name, value] of Object.entries({ idHeader, typeHeader }))
    if (value !== undefined) validateHeaderName(value, name);
  return { ...resolveKeys(options), envelope, toleranceSeconds, seen, identify, idHeader, typeHeader, now };
}

const KEY_OPTIONS = ['secret', 'secrets', 'publicKey', 'publicKeys'] as const;

function resolveKeys(options: VerifyWebhookOptions): Pick<ResolvedVerification, 'scheme' | 'keys'> {
  const [name, ...others] = KEY_OPTIONS.filter((option) => options[option] !== undefined);
  if (name === undefined || others.length > 0)
    throw new OptionsError(
      name ?? 'secret',
      `${name ?? 'secret'}: expected exactly one of ${KEY_OPTIONS.join(', ')}, got ${name === undefined ? 'none. Is an environment variable missing?' : `${[name, ...others].join(' and ')}.`}`,
    );
  const isPublic = name.startsWith('publicKey');
  const scheme = resolveScheme(options.scheme ?? (isPublic ? 'standard-ed25519' : 'standard'));
  if (isPublic !== (scheme.algorithm === 'ed25519'))
    throw new OptionsError(
      name,
      isPublic
        ? `${name}: the scheme ${scheme.name} is verified with a secret, not with a public key.`
        : `${name}: the scheme ${scheme.name} is verified with the public key of the endpoint; give it as publicKey.`,
    );
  const values = name.endsWith('s')
    ? expectArray(options[name], name, { of: isPublic ? 'public keys' : 'secrets', min: 1, max: MAX_KEYS })
    : [options[name]];
  const keys = values.map((value, index) =>
    toKeyBytes(scheme, value, name.endsWith('s') ? `${name}[${index}]` : name),
  );
  return { scheme, keys };
}

function resolveScheme(setting: unknown): SignatureScheme & { readonly name: string } {
  const signature = resolveSignature(validateSignature(setting, 'scheme', new Set()));
  if (signature.kind === 'built-in') return signature;
  const known = SIGNATURE_NAMES.filter((name) => name !== 'none');
  throw unexpectedWord('scheme', 'the name of a signature scheme that signs', known, signature.name);
}

function toKeyBytes(scheme: SignatureScheme, value: unknown, path: string): KeyBytes {
  if (typeof value !== 'string') throw refuseSecret(path, 'a string', describeType(value));
  switch (scheme.secretFormat) {
    case 'ed25519':
      if (value.startsWith(PRIVATE_KEY_PREFIX))
        throw new OptionsError(
          path,
          `${path}: got a private key, which only the sender may have; give "${PUBLIC_KEY_PREFIX}…".`,
        );
      return decodePublicKey(value, path);
    case 'standard':
      return decodeStandardSecret(value, path);
    case 'text':
      return encodeTextSecret(value, path);
  }
}
