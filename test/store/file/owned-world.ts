import { join } from 'node:path';
import { createSystemRandom, systemClock } from '../../../src/clock.ts';
import { EndpointsFile } from '../../../src/store/file/endpoints-file/endpoints-file.ts';
import { type FileLayer, nodeFileLayer } from '../../../src/store/file/file-layer.ts';
import { OwnedStore, type OwnedStoreOptions } from '../../../src/store/file/owned-store.ts';
import type { ManualClock } from '../../../src/testing/manual-clock.ts';

/** What was logged, as `level message`. */
export type Logged = string[];

export interface OwnedSettings {
  readonly clock: ManualClock;
  readonly layer?: FileLayer;
  readonly segmentBytes?: number;
  readonly fsync?: boolean;
  readonly maxMessages?: number;
  readonly logged?: Logged;
}

/** Opens the store of a folder, without a lock. */
export async function startOwned(directory: string, settings: OwnedSettings): Promise<OwnedStore> {
  const { clock, layer = nodeFileLayer, segmentBytes = 64 * 1024 * 1024, fsync = true, logged } = settings;
  const now = (): number => clock.now();
  const endpointsFile = new EndpointsFile({
    path: join(directory, 'endpoints.json'),
    clock: { ...systemClock, now, elapsed: now },
    onProblem: ({ message }) => void logged?.push(`error ${message}`),
  });
  await endpointsFile.open();
  const options: OwnedStoreOptions = {
    clock,
    endpointsFile,
    keyring: undefined,
    maxMessages: settings.maxMessages ?? 100_000,
    capabilities: {
      durable: true,
      shared: true,
      transactions: false,
      notifications: true,
      encrypted: false,
    },
    journal: {
      layer,
      directory: join(directory, 'journal'),
      segmentBytes,
      fsync,
      random: createSystemRandom(),
      log: {
        warn: (_fields, message) => void logged?.push(`warn ${message}`),
        error: (_fields, message) => void logged?.push(`error ${message}`),
      },
    },
  };
  return OwnedStore.start(options);
}
