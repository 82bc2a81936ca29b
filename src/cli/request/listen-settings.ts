/** What `posthorn listen` is told, checked for what does not go together. */
import type { FaultName } from '../../listener/faults.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { readScheme, readVerifyingKeys, type SignatureFlags } from './signature-flags.ts';
import type { SignatureSettings } from './verifiers.ts';

export interface ListenFlags extends SignatureFlags {
  readonly port?: number;
  readonly host?: string;
  readonly tolerance?: number;
  readonly strict?: boolean;
  readonly status?: number;
  readonly fail?: number;
  readonly delay?: number;
  readonly fault?: FaultName;
  readonly forward?: string;
  readonly save?: string;
  readonly replay?: string;
  readonly maxBody?: number;
  readonly verbose?: boolean;
}

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly isVerbose: boolean;
  /** `undefined`: not checked. */
  readonly signature: SignatureSettings | undefined;
  readonly toleranceSeconds: number;
  /** Requests whose signature does not fit are answered 401. */
  readonly isStrict: boolean;
  /** Of those that fail, or of all where none is to fail first. */
  readonly status: number | undefined;
  /** So many requests of each message fail. */
  readonly failures: number;
  readonly delayMs: number;
  readonly fault: FaultName | undefined;
  readonly forwardTo: string | undefined;
  readonly saveTo: string | undefined;
}

export const DEFAULT_PORT = 4400;
export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_TOLERANCE_MS: number = 5 * 60 * 1000;
const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Flags that `--fault` and `--replay` have no use for: `--fault` answers in its own way, `--replay` receives nothing. */
const OF_ANSWERS = ['fail', 'delay', 'strict'] as const;
const OF_RECEIVING = [
  ...OF_ANSWERS,
  'port',
  'host',
  'status',
  'fault',
  'save',
  'maxBody',
  'tolerance',
] as const;

/** @throws CliError */
export function readListenSettings(
  flags: ListenFlags,
  env: Readonly<Record<string, string | undefined>>,
): ListenSettings {
  if (flags.fault !== undefined) refuseWith('--fault', flags, [...OF_ANSWERS, 'forward']);
  const keys = readVerifyingKeys(flags, env);
  if (flags.strict === true && keys.length === 0)
    throw wrongUse('--strict needs a secret or a public key to check signatures with.');
  if (flags.forward !== undefined && flags.status !== undefined && flags.fail === undefined)
    throw wrongUse(
      '--status and --forward exclude each other: with --forward the answer is that of the URL. --fail says how many get the status first.',
    );
  return {
    host: flags.host ?? DEFAULT_HOST,
    port: flags.port ?? DEFAULT_PORT,
    maxBodyBytes: flags.maxBody ?? DEFAULT_MAX_BODY_BYTES,
    isVerbose: flags.verbose === true,
    signature: keys.length === 0 ? undefined : { keys, scheme: readScheme(flags, keys) },
    toleranceSeconds: (flags.tolerance ?? DEFAULT_TOLERANCE_MS) / 1000,
    isStrict: flags.strict === true,
    status: flags.status,
    failures: flags.fail ?? 0,
    delayMs: flags.delay ?? 0,
    fault: flags.fault,
    forwardTo: flags.forward,
    saveTo: flags.save,
  };
}

/** @returns the URL. @throws CliError */
export function expectReplayFlags(flags: ListenFlags): string {
  refuseWith('--replay', flags, OF_RECEIVING);
  if (flags.forward !== undefined) return flags.forward;
  throw wrongUse('--replay needs a URL to send the saved requests to: --forward URL.');
}

function refuseWith(name: string, flags: ListenFlags, others: readonly (keyof ListenFlags)[]): void {
  const other = others.find((flag) => flags[flag] !== undefined);
  if (other === undefined) return;
  const spelt = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw wrongUse(`${name} and --${spelt} exclude each other.`);
}

function wrongUse(message: string): CliError {
  return new CliError(EXIT_CODE.wrongUse, message);
}
