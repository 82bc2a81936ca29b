/** The options that say how requests are signed, of `listen`, `verify` and `sign`. */
import { type Command, Option } from 'commander';
import { SIGNATURE_NAMES } from '../../core/signature.ts';
import { OptionsError } from '../../errors.ts';
import type { ReceivedScheme } from '../../receiver/index.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';

export interface SignatureFlags {
  readonly scheme?: ReceivedScheme;
  readonly secret?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly signatureHeader?: string;
  readonly signaturePrefix?: string;
  readonly timestampHeader?: string;
}

/** A scheme with the settings that the options give it. */
export interface SchemeSetting {
  readonly scheme: ReceivedScheme;
  readonly header?: string;
  readonly prefix?: string;
  readonly timestampHeader?: string;
}

/** What a signature is checked with. */
export type VerifyingKey = { readonly secret: string } | { readonly publicKey: string };

const SCHEMES = SIGNATURE_NAMES.filter((name) => name !== 'none');
/** Where the secret is taken from when no option gives one: arguments are seen by everybody on the machine. */
const SECRET_VARIABLE = 'POSTHORN_SECRET';

/** @param use what the secret is for */
export function addSignatureFlags(command: Command, use: 'verify' | 'sign'): void {
  command
    .addOption(
      new Option(
        '--scheme <name>',
        'how requests are signed (default: standard, or standard-ed25519 with a public key)',
      ).choices(SCHEMES),
    )
    .option(
      '--secret <secret>',
      `the secret of the endpoint; may be repeated during a rotation (default: $${SECRET_VARIABLE})`,
      collect,
    );
  if (use === 'verify')
    command.option('--public-key <key>', 'its public key whpk_… instead; may be repeated', collect);
  command
    .option('--signature-header <name>', 'hex, timestamped-hex, stripe: the header of the signature')
    .option('--signature-prefix <text>', 'hex, timestamped-hex: what stands before it, such as sha256=')
    .option('--timestamp-header <name>', 'timestamped-hex: the header of the time');
}

/** The keys to check with; none when nothing gives one. @throws CliError */
export function readVerifyingKeys(
  { secret, publicKey }: SignatureFlags,
  env: Readonly<Record<string, string | undefined>>,
): readonly VerifyingKey[] {
  if (secret !== undefined && publicKey !== undefined)
    throw new CliError(
      EXIT_CODE.wrongUse,
      '--secret and --public-key exclude each other: a scheme has one or the other.',
    );
  if (publicKey !== undefined) return publicKey.map((key) => ({ publicKey: key }));
  return readSecrets({ ...(secret !== undefined && { secret }) }, env).map((key) => ({ secret: key }));
}

export function readSecrets(
  { secret }: Pick<SignatureFlags, 'secret'>,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (secret !== undefined) return secret;
  const { [SECRET_VARIABLE]: given } = env;
  return given === undefined || given === '' ? [] : [given];
}

/** @param keys decide the scheme where no option does */
export function readScheme(flags: SignatureFlags, keys: readonly VerifyingKey[]): SchemeSetting {
  const isPublic = keys.some((key) => 'publicKey' in key);
  return {
    scheme: flags.scheme ?? (isPublic ? 'standard-ed25519' : 'standard'),
    ...(flags.signatureHeader !== undefined && { header: flags.signatureHeader }),
    ...(flags.signaturePrefix !== undefined && { prefix: flags.signaturePrefix }),
    ...(flags.timestampHeader !== undefined && { timestampHeader: flags.timestampHeader }),
  };
}

const FLAG_OF: Readonly<Record<string, string>> = {
  scheme: '--scheme',
  'scheme.header': '--signature-header',
  'scheme.prefix': '--signature-prefix',
  'scheme.timestampHeader': '--timestamp-header',
  secret: '--secret',
  publicKey: '--public-key',
};

/** Names the option instead of the member that the library names. */
export function atFlag<Value>(act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    const flag = FLAG_OF[error.path];
    if (flag === undefined) throw error;
    const isUnknown = error.message.startsWith('Unknown key');
    const what = isUnknown
      ? `${flag}: this scheme has no such setting.`
      : error.message.replace(`${error.path}:`, `${flag}:`);
    throw new CliError(EXIT_CODE.wrongUse, what, { cause: error });
  }
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
