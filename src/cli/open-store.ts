/** The store that a place names; its package is loaded only then. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import type { EncryptionOptions, FileStoreLogger } from '../store/file/index.ts';
import type { Store } from '../store/store.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import type { StorePlace } from './place.ts';

export interface OpenStoreOptions {
  /** Makes what is not there yet: the folder, or the file of the database. Otherwise that is an error. */
  readonly mayCreate: boolean;
  /** Makes and migrates the tables of a database. */
  readonly mayMigrate: boolean;
  readonly encryption: EncryptionOptions | undefined;
  /** Hears of what a store in a folder finds there. */
  readonly logger?: FileStoreLogger;
}

/** @throws CliError when there is nothing there */
export async function openStore(place: StorePlace, options: OpenStoreOptions): Promise<Store> {
  const { encryption, logger } = options;
  if (place.kind === 'folder') {
    expectThere(place, options.mayCreate);
    const { fileStore } = await import('../store/file/index.ts');
    return fileStore(place.path, { encryption, logger });
  }
  if (place.kind === 'sqlite') expectThere(place, options.mayMigrate);
  const { sqlStore } = await import('../store/sql/index.ts');
  const target = place.kind === 'sqlite' ? `sqlite:${place.path}` : place.url;
  return sqlStore(target, { autoMigrate: options.mayMigrate, encryption });
}

function expectThere(place: Exclude<StorePlace, { kind: 'server' }>, mayCreate: boolean): void {
  const { kind, path, text } = place;
  const isFolder = kind === 'folder';
  if (!existsSync(path) || (isFolder && !mayCreate && isForeign(path))) {
    if (mayCreate) return;
    const advice = isFolder
      ? 'Name another one with --store, or begin one with posthorn add.'
      : 'Name another one with --store, or make it with posthorn migrate.';
    throw new CliError(EXIT_CODE.unavailable, `There is no store at ${text}. ${advice}`);
  }
  if (statSync(path).isDirectory() === isFolder) return;
  throw new CliError(
    EXIT_CODE.wrongUse,
    isFolder
      ? `--store: ${text} is a file, and a folder was expected. A SQLite file is named sqlite:${text}.`
      : `--store: ${text} is a folder, and a SQLite file was expected.`,
  );
}

/** A folder with nothing of a store in it: to look into it must not leave one there. */
function isForeign(path: string): boolean {
  if (!statSync(path).isDirectory()) return false;
  const names = readdirSync(path);
  return !names.includes('journal') && !names.includes('endpoints.json');
}
