import { join, resolve } from 'node:path';
import { createSystemRandom, systemClock } from '../../clock.ts';
import { callSafely } from '../../core/call-safely.ts';
import { expectInteger, expectKnownKeys, unexpected } from '../../core/expect-value.ts';
import { OptionsError } from '../../errors.ts';
import { createKeyring, type EncryptionOptions, type Keyring } from '../codec/keyring.ts';
import type { OpenParams, Store, StoreCapabilities } from '../store.ts';
import { readMaxMessages } from '../tables/max-messages.ts';
import { EndpointsFile } from './endpoints-file/endpoints-file.ts';
import { nodeFileLayer } from './file-layer.ts';
import { OwnedStore } from './owned-store.ts';
import type { LocalStore } from './socket/local-store.ts';
import { SharedStore } from './socket/shared-store.ts';

/** Options of `fileStore`. */
export interface FileStoreOptions {
  /**
   * The file of endpoints: a name in the folder, or a path. Default: `'endpoints.json'`. All processes that use the folder
   * name the same one.
   */
  readonly endpointsFile?: string | undefined;
  /**
   * False: nothing waits for the disk. What was stored still survives the end of the process, however it ends, but not that
   * of the machine: after a power cut or a crash of the system, up to some seconds of it may be missing. Default: true.
   */
  readonly fsync?: boolean | undefined;
  /**
   * Most messages held at once, finished ones included; at least 1. When a new one needs room, the oldest finished
   * messages go, before retention would take them; when too few are finished, `append` fails with a `StoreError` of
   * code `store_full`. Memory grows with it, by 1.4 kilobytes or more for each; data stays on the disk. `Infinity`: only retention
   * bounds it. Default: 100,000.
   */
  readonly maxMessages?: number | undefined;
  /** A file of the journal that has reached this size is followed by a new one. At least 1. Default: 64 MiB. */
  readonly segmentBytes?: number | undefined;
  /**
   * Encrypts secrets, credentials and sensitive headers of endpoints. All processes that use the folder have the same keys:
   * one that does not go with its owner is not let in (`key_missing`, `decrypt_failed`). Default: they stand as they are, in
   * files of mode 0600.
   */
  readonly encryption?: EncryptionOptions | undefined;
  /**
   * Hears of what a person should know: damage, a disk that is full, something wrong in the file of endpoints. Default:
   * `process.emitWarning`, which prints it unless the host listens for warnings. One that throws disturbs nobody.
   */
  readonly logger?: FileStoreLogger | undefined;
}

/** The part of a logger that a file store needs: fields first, then the message. */
export interface FileStoreLogger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;
const KEYS = ['endpointsFile', 'fsync', 'maxMessages', 'segmentBytes', 'encryption', 'logger'] as const;

const WARNINGS: FileStoreLogger = {
  warn: (_fields, message) => process.emitWarning(message, 'PosthornWarning'),
  error: (_fields, message) => process.emitWarning(message, 'PosthornWarning'),
};

/**
 * A store that keeps everything in a folder of this machine, with nothing to install: endpoints in a file for people, the
 * rest in a journal. What a call has stored is on the disk when it resolves.
 *
 * Any number of processes of one machine may use a folder at once: the first becomes its owner, the others reach it through
 * its socket, and one of them takes over when it ends. The folder must be on a local file system.
 *
 * @throws OptionsError for a wrong option, or one that is not known, and for a URL in place of the path
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): Store {
  if (typeof directory !== 'string' || directory === '')
    throw unexpected('directory', 'the path of a folder', directory);
  refuseUrl(directory);
  expectKnownKeys(options, 'fileStore', KEYS);
  const settings = readOptions(resolve(directory), options);
  const { log } = settings;
  return new SharedStore({
    dir: settings.directory,
    name: 'file',
    capabilities: settings.capabilities,
    keys: settings.keyring?.fingerprints,
    openLocal: (params) => openOwned(settings, params),
    log: (message) => log.warn({ directory: settings.directory }, message),
  });
}

/** It would be a folder named after the scheme. Of the URL nothing is shown: it may hold a password. Drives of Windows have one letter. */
function refuseUrl(directory: string): void {
  const scheme = /^(?:([a-z][a-z0-9+.-]+):\/\/|(file|sqlite):)/i
    .exec(directory)
    ?.slice(1)
    .join('')
    .toLowerCase();
  if (scheme === undefined) return;
  const advice =
    scheme === 'file'
      ? ' Write the path without file:, or fileURLToPath(url) of node:url.'
      : /^(postgres(ql)?|mysql|mariadb|sqlite)$/.test(scheme)
        ? ' A database is sqlStore(…) of posthorn/sql.'
        : '';
  throw new OptionsError(
    'directory',
    `directory: expected the path of a folder, got a URL of the scheme ${scheme}.${advice}`,
  );
}

interface Settings {
  readonly directory: string;
  readonly endpointsFile: string;
  readonly fsync: boolean;
  readonly maxMessages: number;
  readonly segmentBytes: number;
  readonly keyring: Keyring | undefined;
  readonly capabilities: StoreCapabilities;
  readonly log: FileStoreLogger;
}

function readOptions(directory: string, options: FileStoreOptions): Settings {
  const { endpointsFile = 'endpoints.json', fsync = true, encryption, logger = WARNINGS } = options;
  if (typeof endpointsFile !== 'string' || endpointsFile === '')
    throw unexpected('endpointsFile', 'the name or path of a file', endpointsFile);
  if (typeof fsync !== 'boolean') throw unexpected('fsync', 'a boolean', fsync);
  if (typeof logger !== 'object' || logger === null || typeof logger.error !== 'function')
    throw unexpected('logger', 'an object with warn and error', logger);
  return {
    directory,
    endpointsFile: resolve(directory, endpointsFile),
    fsync,
    maxMessages: readMaxMessages(options.maxMessages),
    segmentBytes: expectInteger(
      options.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
      'segmentBytes',
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    keyring: encryption === undefined ? undefined : createKeyring(encryption),
    capabilities: {
      durable: true,
      shared: true,
      transactions: false,
      notifications: true,
      encrypted: encryption !== undefined,
    },
    log: {
      warn: (fields, message) => callSafely(() => logger.warn(fields, message)),
      error: (fields, message) => callSafely(() => logger.error(fields, message)),
    },
  };
}

/** Opens the folder; its lock is held. */
async function openOwned(settings: Settings, { clock }: OpenParams): Promise<LocalStore> {
  const { directory, fsync, segmentBytes, keyring, log } = settings;
  const now = (): number => clock.now();
  const endpointsFile = new EndpointsFile({
    path: settings.endpointsFile,
    // Its records bear the time of the store, which does not jump.
    clock: { ...systemClock, now, elapsed: now },
    keyring,
    onProblem: (problem) => log.error({ file: problem.file, kind: problem.kind }, problem.message),
  });
  await endpointsFile.open();
  const store = await OwnedStore.start({
    clock,
    journal: {
      layer: nodeFileLayer,
      directory: join(directory, 'journal'),
      segmentBytes,
      fsync,
      log,
      random: createSystemRandom(),
    },
    keyring,
    endpointsFile,
    capabilities: settings.capabilities,
    maxMessages: settings.maxMessages,
  });
  return {
    store,
    epoch: store.epoch,
    isFollowed: () => store.isFollowed,
    onHolderGone: (holder) => expire((owner) => owner === holder),
    onHoldersKnown: (present) => expire((owner) => owner === undefined || !present.has(owner)),
  };

  function expire(isGone: (holder: string | undefined) => boolean): void {
    // What cannot be written now is found by the next claim: leases end by themselves.
    store.expireLeases(isGone).catch(() => undefined);
  }
}
