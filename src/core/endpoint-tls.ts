/** What is trusted and shown in TLS handshakes with one endpoint. No message shows a key. */
import { OptionsError } from '../errors.ts';
import { describeType } from './describe-value.ts';
import { expectKnownKeys } from './expect-value.ts';

/** The setting `tls`. Verification of the receiver's certificate can be directed, and never switched off. */
export interface EndpointTls {
  /** Client certificate, with its chain, as PEM; with {@link key}. Default: that of the transport, if it has one. */
  readonly cert?: string;
  /** Private key of {@link cert}, as PEM. Encrypted at rest where the store has keys; in no reply. */
  readonly key?: string;
  /** Passphrase of {@link key}. Encrypted at rest where the store has keys; in no reply. Default: the key has none. */
  readonly passphrase?: string;
  /** Certificate authorities to trust, as PEM, instead of all others. Default: those of the transport. */
  readonly ca?: string;
  /** Name that the receiver's certificate has to be for, and that is asked for by SNI. Default: the host of the URL. */
  readonly serverName?: string;
}

/** The same without what has to stay secret. */
export type TlsView = Omit<EndpointTls, 'key' | 'passphrase'>;

/** Members that are credentials. */
export const TLS_CREDENTIALS: readonly string[] = [
  'key',
  'passphrase',
] satisfies readonly (keyof EndpointTls)[];

const KEYS: readonly string[] = [
  'cert',
  'key',
  'passphrase',
  'ca',
  'serverName',
] satisfies readonly (keyof EndpointTls)[];
const MAX_PEM_LENGTH = 64 * 1024;
const MAX_LENGTH = 1024;
/** A host name in its ASCII form. */
const SERVER_NAME = /^(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$/;

/**
 * Checks the form of the setting `tls`; whether certificate and key can be read and belong together is for the engine.
 *
 * @throws OptionsError that shows nothing of it
 */
export function validateTls(value: unknown, path: string): void {
  if (value === false) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionsError(
      path,
      `${path}: expected { cert, key, ca, serverName, … } or false, got ${describeType(value)}.`,
    );
  const tls = value as Readonly<Record<string, unknown>>;
  if ('rejectUnauthorized' in tls)
    throw new OptionsError(
      `${path}.rejectUnauthorized`,
      `${path}.rejectUnauthorized: certificates are always verified. Give the authority of the receiver as ca.`,
    );
  expectKnownKeys(tls, path, KEYS);
  for (const key of ['cert', 'key', 'ca'] as const) checkPem(tls[key], `${path}.${key}`);
  checkText(tls['passphrase'], `${path}.passphrase`);
  checkText(tls['serverName'], `${path}.serverName`);
  if (tls['serverName'] !== undefined && !SERVER_NAME.test(tls['serverName'] as string))
    throw new OptionsError(`${path}.serverName`, `${path}.serverName: expected the name of a host.`);
  requireTogether(tls, path, 'cert', 'key');
  requireTogether(tls, path, 'key', 'cert');
  requireTogether(tls, path, 'passphrase', 'key');
}

function checkPem(value: unknown, path: string): void {
  if (value === undefined) return;
  if (typeof value !== 'string' || !value.includes('-----BEGIN '))
    throw new OptionsError(
      path,
      `${path}: expected PEM, a text with "-----BEGIN …", got ${typeof value === 'string' ? 'another text' : describeType(value)}.`,
    );
  if (value.length > MAX_PEM_LENGTH)
    throw new OptionsError(
      path,
      `${path}: expected at most ${MAX_PEM_LENGTH} characters, got ${value.length}.`,
    );
}

function checkText(value: unknown, path: string): void {
  if (value === undefined) return;
  if (typeof value !== 'string')
    throw new OptionsError(path, `${path}: expected a text, got ${describeType(value)}.`);
  if (value.length < 1 || value.length > MAX_LENGTH)
    throw new OptionsError(path, `${path}: expected 1 to ${MAX_LENGTH} characters, got ${value.length}.`);
}

function requireTogether(
  tls: Readonly<Record<string, unknown>>,
  path: string,
  given: keyof EndpointTls,
  needed: keyof EndpointTls,
): void {
  if (tls[given] === undefined || tls[needed] !== undefined) return;
  throw new OptionsError(`${path}.${needed}`, `${path}.${needed}: needed together with ${path}.${given}.`);
}

/** The setting as replies may show it. */
export function toTlsView({ cert, ca, serverName }: EndpointTls): TlsView {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}
