/** Secrets and settings for each signature scheme, as commands and endpoints take them. */
import type { SignatureSetting } from '../../src/index.ts';

export interface SchemeCase {
  readonly name: string;
  /** Of the endpoint. */
  readonly signature: SignatureSetting;
  readonly secret: string;
  /** What says to commands how requests are signed, keys aside. */
  readonly flags: readonly string[];
  readonly signFlags: readonly string[];
  readonly verifyFlags: readonly string[];
  /** Nothing that is signed tells the time. */
  readonly isTimeless?: boolean;
}

export const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const TEXT_SECRET = "It's a secret to everybody";
const KEY_PAIR =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

function symmetric(
  name: string,
  signature: SignatureSetting,
  secret: string,
  more: Partial<SchemeCase> = {},
): SchemeCase {
  const scheme = typeof signature === 'string' ? signature : signature.scheme;
  const flags = more.flags ?? ['--scheme', scheme];
  return {
    name,
    signature,
    secret,
    ...more,
    flags,
    signFlags: [...flags, '--secret', secret],
    verifyFlags: [...flags, '--secret', secret],
  };
}

export const SCHEME_CASES: readonly SchemeCase[] = [
  symmetric('standard', 'standard', STANDARD_SECRET),
  {
    name: 'standard-ed25519',
    signature: 'standard-ed25519',
    secret: KEY_PAIR,
    flags: [],
    signFlags: ['--scheme', 'standard-ed25519', '--secret', KEY_PAIR],
    verifyFlags: ['--public-key', PUBLIC_KEY],
  },
  symmetric('github', 'github', TEXT_SECRET, { isTimeless: true }),
  symmetric('stripe', 'stripe', TEXT_SECRET),
  symmetric('shopify', 'shopify', TEXT_SECRET, { isTimeless: true }),
  symmetric('hex', 'hex', TEXT_SECRET, { isTimeless: true }),
  symmetric('timestamped-hex', 'timestamped-hex', TEXT_SECRET),
  symmetric(
    'hex with a header of its own',
    { scheme: 'hex', header: 'X-Acme-Signature', prefix: 'sha256=' },
    TEXT_SECRET,
    {
      flags: ['--scheme', 'hex', '--signature-header', 'X-Acme-Signature', '--signature-prefix', 'sha256='],
      isTimeless: true,
    },
  ),
];
