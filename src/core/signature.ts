/** Signature settings: which schemes sign the requests of an endpoint. The schemes themselves are data. */
import { OptionsError } from '../errors.ts';
import { expectArray, expectKnownKeys, expectObject, unexpected, unexpectedWord } from './expect-value.ts';
import { validateHeaderName, validateHeaderValue } from './header-rules.ts';
import { type SignatureScheme, SIGNATURE_SCHEMES } from './signature-schemes.ts';

/**
 * How requests are signed: the name of a scheme (`'standard'`), or one with settings
 * (`{ scheme: 'hex', header: 'X-Acme-Signature' }`).
 *
 * Built in: `standard` (Standard Webhooks, v1), `standard-ed25519` (v1a), `github`, `stripe`, `shopify`, `hex`,
 * `timestamped-hex`, `none`; any other name is a function registered under `functions.signature`.
 */
export type SignatureSetting = string | SignatureOptions;

/** A signature scheme with settings. */
export interface SignatureOptions {
  /** Name of the scheme, or of a function registered under `functions.signature`, which takes no further settings. */
  readonly scheme: string;
  /** Header that carries the signature. `hex` and `timestamped-hex`, default `x-webhook-signature`; `stripe`, default `stripe-signature`. */
  readonly header?: string;
  /** Text before the signature in its header, such as `sha256=`. `hex` and `timestamped-hex`; default none. At most 256 characters. */
  readonly prefix?: string;
  /** Header that carries the signed time. `timestamped-hex` only; default `x-webhook-timestamp`. */
  readonly timestampHeader?: string;
}

/** Says that requests go out unsigned, whatever secrets there are. Stands alone. */
const UNSIGNED = 'none';

/** Names of the built-in schemes, `none` included. */
export const SIGNATURE_NAMES: readonly string[] = [...Object.keys(SIGNATURE_SCHEMES), UNSIGNED];

/** A signature setting with nothing missing. `headerNames` are those it writes, in lower case; a named function's are not known before it runs. */
export type ResolvedSignature =
  | (SignatureScheme & {
      readonly kind: 'built-in';
      readonly name: string;
      readonly headerNames: readonly string[];
    })
  | { readonly kind: 'custom'; readonly name: string; readonly headerNames: readonly [] }
  | { readonly kind: 'none'; readonly name: 'none'; readonly headerNames: readonly [] };

/** Fills in what a checked setting leaves out. */
export function resolveSignature(setting: SignatureSetting): ResolvedSignature {
  return (typeof setting === 'string' ? PLAIN_SETTINGS.get(setting) : undefined) ?? resolveOptions(setting);
}

function resolveOptions(setting: SignatureSetting): ResolvedSignature {
  const { scheme: name, ...given }: SignatureOptions =
    typeof setting === 'string' ? { scheme: setting } : setting;
  if (name === UNSIGNED) return { kind: 'none', name, headerNames: [] };
  if (!Object.hasOwn(SIGNATURE_SCHEMES, name)) return { kind: 'custom', name, headerNames: [] };
  const scheme = SIGNATURE_SCHEMES[name]!;
  const header = given.header ?? scheme.header;
  const timestampHeader = given.timestampHeader ?? scheme.timestampHeader;
  const headerNames = [scheme.idHeader, timestampHeader, header].flatMap(
    (written) => written?.toLowerCase() ?? [],
  );
  return {
    ...scheme,
    kind: 'built-in',
    name,
    header,
    timestampHeader,
    prefix: given.prefix ?? scheme.prefix,
    headerNames,
  };
}

/** Built-in schemes by name alone: nearly all settings are, and each endpoint asks several times. */
const PLAIN_SETTINGS: ReadonlyMap<string, ResolvedSignature> = new Map(
  Object.keys(SIGNATURE_SCHEMES).map((name) => [name, resolveOptions(name)]),
);

/** Whether any of the schemes signs; only `none` does not. */
export function isSigning(signatures: readonly SignatureSetting[]): boolean {
  return signatures.some((setting) => resolveSignature(setting).kind !== 'none');
}

const MAX_SCHEMES = 10;
const MAX_PREFIX_LENGTH = 256;

/**
 * Checks the setting `signatures`: each scheme by itself, and that no two write one header.
 *
 * @param customNames names registered under `functions.signature`; left out, every name passes
 * @throws OptionsError
 */
export function validateSignatures(
  value: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): readonly SignatureSetting[] {
  const items = expectArray(value, path, {
    of: "signature schemes (['none'] to send unsigned)",
    min: 1,
    max: MAX_SCHEMES,
  });
  const writers = new Map<string, string>();
  for (const [index, item] of items.entries()) {
    const at = `${path}[${index}]`;
    const { name, headerNames } = resolveSignature(validateSignature(item, at, customNames));
    if (name === UNSIGNED && items.length > 1) {
      throw new OptionsError(
        at,
        `${at}: expected "none" to be the only scheme, got ${items.length} schemes.`,
      );
    }
    for (const header of headerNames) {
      const other = writers.get(header);
      if (other !== undefined) throw twoWriters(at, header, other, name);
      writers.set(header, name);
    }
  }
  refuseSharedPrivateKey(items as readonly SignatureSetting[], path);
  return items as readonly SignatureSetting[];
}

/** A scheme that shares the secret of another one has a receiver that must hold it: a private key would not be private. */
function refuseSharedPrivateKey(settings: readonly SignatureSetting[], path: string): void {
  const builtIn = settings.map(resolveSignature).filter((signature) => signature.kind === 'built-in');
  const asymmetric = builtIn.find(({ secretFormat }) => secretFormat === 'ed25519');
  const other = builtIn.find(({ secretFormat }) => secretFormat !== 'ed25519');
  if (asymmetric === undefined || other === undefined) return;
  throw new OptionsError(
    path,
    `${path}: ${asymmetric.name} and ${other.name} cannot share an endpoint: receivers of ${other.name} would have to hold the ` +
      'private key. Register an endpoint for each.',
  );
}

function twoWriters(path: string, header: string, first: string, second: string): OptionsError {
  const both =
    first === second
      ? `${first} writes the header ${header} twice`
      : `${first} and ${second} both write the header ${header}`;
  return new OptionsError(path, `${path}: ${both}. Give one of them a header of its own, or leave one out.`);
}

/**
 * Checks one setting of `signatures` by itself.
 *
 * @param customNames names registered under `functions.signature`; left out, every name passes
 * @throws OptionsError
 */
export function validateSignature(
  value: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): SignatureSetting {
  if (typeof value === 'string') {
    validateScheme(value, path, customNames);
    return value;
  }
  const setting = expectObject(value, path, 'the name of a signature scheme or { scheme, … }');
  const scheme = validateScheme(setting['scheme'], `${path}.scheme`, customNames);
  const builtIn = Object.hasOwn(SIGNATURE_SCHEMES, scheme) ? SIGNATURE_SCHEMES[scheme] : undefined;
  expectKnownKeys(setting, path, ['scheme', ...(builtIn?.configurable ?? [])]);
  for (const member of ['header', 'timestampHeader'] as const) {
    if (setting[member] !== undefined) validateHeaderName(setting[member], `${path}.${member}`);
  }
  if (setting['prefix'] !== undefined) validatePrefix(setting['prefix'], `${path}.prefix`, builtIn!.header);
  return value as SignatureOptions;
}

function validateScheme(name: unknown, path: string, customNames: ReadonlySet<string> | undefined): string {
  const what = 'the name of a signature scheme, or of a function registered under functions.signature';
  if (typeof name !== 'string' || name === '') throw unexpected(path, what, name);
  if (SIGNATURE_NAMES.includes(name) || customNames === undefined || customNames.has(name)) return name;
  throw unexpectedWord(path, what, [...SIGNATURE_NAMES, ...customNames], name);
}

function validatePrefix(prefix: unknown, path: string, header: string): void {
  const isShort = typeof prefix === 'string' && prefix.length <= MAX_PREFIX_LENGTH;
  if (!isShort) throw unexpected(path, `a text of at most ${MAX_PREFIX_LENGTH} characters`, prefix);
  validateHeaderValue(header, prefix, path);
}
