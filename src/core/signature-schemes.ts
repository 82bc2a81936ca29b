/** The built-in signature schemes as data: what is signed, how the digest is written, and into which headers. */
import type { SecretFormat } from './secret-format.ts';

/** What a signature covers besides the body. */
export interface SignedContext {
  readonly messageId: string;
  /** Time of the attempt in unix seconds, without fraction. */
  readonly timestampSeconds: number;
}

type Configurable = 'header' | 'prefix' | 'timestampHeader';

/** A built-in scheme. What is signed is {@link SignatureScheme.signedPrefix} followed by the body. */
export interface SignatureScheme {
  /** Settings that may be changed. */
  readonly configurable: readonly Configurable[];
  readonly algorithm: 'hmac-sha256' | 'ed25519';
  readonly secretFormat: SecretFormat;
  /** How the signature is written. */
  readonly digest: 'base64' | 'hex';
  /** During a rotation the header carries one signature per secret; otherwise that of one secret alone. */
  readonly isMultiValue: boolean;
  /** Header of the message id. */
  readonly idHeader: string | undefined;
  /** The message id is part of what is signed. */
  readonly signsId: boolean;
  /** Header of the signed time. */
  readonly timestampHeader: string | undefined;
  /** Id and time are sent even when there is no secret to sign with. */
  readonly identifiesUnsigned: boolean;
  /** Header of the signature. */
  readonly header: string;
  /** Text before each signature. */
  readonly prefix: string;
  /** What is signed in front of the body. */
  readonly signedPrefix: (context: SignedContext) => string;
  /** Value of the header, from the prefixed signatures. */
  readonly headerValue: (signatures: readonly string[], context: SignedContext) => string;
  /** The inverse of `headerValue`, for receivers; `undefined` for a text of another form. */
  readonly readHeader: (value: string) => OfferedSignatures | undefined;
}

/** What the header of a signature holds. */
export interface OfferedSignatures {
  /** The signatures, each with its prefix; those of schemes that are not known, too. */
  readonly signatures: readonly string[];
  /** The signed time, where it is in the same header. */
  readonly timestamp?: string;
}

const first = (signatures: readonly string[]): string => signatures[0]!;

const readOne = (value: string): OfferedSignatures => ({ signatures: [value] });

/** Strict about spaces and commas: two headers of one name, which HTTP stacks join with `, `, are not of this form. */
const VERSIONED_LIST = /^[a-z0-9]+,[^\s,]+(?: [a-z0-9]+,[^\s,]+)*$/;
const MEMBER_LIST = /^[a-z0-9]+=[^\s,]*(?:,[a-z0-9]+=[^\s,]*)*$/;

function readMembers(value: string): OfferedSignatures | undefined {
  if (!MEMBER_LIST.test(value)) return undefined;
  const members = value.split(',');
  const [timestamp, ...others] = members.filter((member) => member.startsWith('t='));
  if (timestamp === undefined || others.length > 0) return undefined;
  return { signatures: members.filter((member) => member !== timestamp), timestamp: timestamp.slice(2) };
}

/** Members that most schemes share. */
const PLAIN = {
  configurable: [],
  algorithm: 'hmac-sha256',
  secretFormat: 'text',
  digest: 'hex',
  isMultiValue: false,
  idHeader: undefined,
  signsId: false,
  timestampHeader: undefined,
  identifiesUnsigned: false,
  prefix: '',
  signedPrefix: () => '',
  headerValue: first,
  readHeader: readOne,
} as const satisfies Partial<SignatureScheme>;

/** https://www.standardwebhooks.com, symmetric signatures. */
const STANDARD: SignatureScheme = {
  ...PLAIN,
  secretFormat: 'standard',
  digest: 'base64',
  isMultiValue: true,
  idHeader: 'webhook-id',
  signsId: true,
  timestampHeader: 'webhook-timestamp',
  identifiesUnsigned: true,
  header: 'webhook-signature',
  prefix: 'v1,',
  signedPrefix: ({ messageId, timestampSeconds }) => `${messageId}.${timestampSeconds}.`,
  headerValue: (signatures) => signatures.join(' '),
  readHeader: (value) => (VERSIONED_LIST.test(value) ? { signatures: value.split(' ') } : undefined),
};

/** The built-in schemes by name. A scheme is one entry here, and nothing anywhere else. */
export const SIGNATURE_SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  standard: STANDARD,
  /** Standard Webhooks, asymmetric signatures: receivers need the public key only. */
  'standard-ed25519': { ...STANDARD, algorithm: 'ed25519', secretFormat: 'ed25519', prefix: 'v1a,' },
  github: { ...PLAIN, header: 'x-hub-signature-256', prefix: 'sha256=' },
  stripe: {
    ...PLAIN,
    configurable: ['header'],
    isMultiValue: true,
    header: 'stripe-signature',
    prefix: 'v1=',
    signedPrefix: ({ timestampSeconds }) => `${timestampSeconds}.`,
    headerValue: (signatures, { timestampSeconds }) => `t=${timestampSeconds},${signatures.join(',')}`,
    readHeader: readMembers,
  },
  shopify: {
    ...PLAIN,
    digest: 'base64',
    idHeader: 'x-shopify-webhook-id',
    identifiesUnsigned: true,
    header: 'x-shopify-hmac-sha256',
  },
  hex: { ...PLAIN, configurable: ['header', 'prefix'], header: 'x-webhook-signature' },
  'timestamped-hex': {
    ...PLAIN,
    configurable: ['header', 'prefix', 'timestampHeader'],
    timestampHeader: 'x-webhook-timestamp',
    header: 'x-webhook-signature',
    signedPrefix: ({ timestampSeconds }) => `${timestampSeconds}.`,
  },
};
