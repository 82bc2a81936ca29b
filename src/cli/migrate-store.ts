import { systemClock } from '../clock.ts';
import { loadConfiguration } from './config-file.ts';
import { readEncryptionKeys } from './encryption-keys.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import { openStore } from './open-store.ts';
import { DEFAULT_STORE, type PlaceFlags, readPlace, readStorePlace } from './place.ts';
import type { Terminal } from './terminal.ts';

/** Opens a database so that it migrates; undefined for a folder, which has nothing to migrate. */
export async function migrateStore(
  flags: PlaceFlags,
  terminal: Terminal,
): Promise<{ readonly store: string } | undefined> {
  const place = readPlace(flags, terminal.env, terminal.folder);
  if (place.kind === 'api')
    throw new CliError(EXIT_CODE.wrongUse, 'Tables are migrated where the database is: give --store.');
  const configured = (await loadConfiguration(flags.config, terminal.folder))?.options.store;
  if (place.store === undefined && configured !== undefined) {
    // It migrates when it is opened, unless the application says that it must not.
    await configured.open({ clock: systemClock });
    await configured.close();
    return { store: `The ${configured.name} store of the configuration` };
  }
  const chosen = place.store ?? readStorePlace(DEFAULT_STORE, terminal.folder);
  if (chosen.kind === 'folder') return undefined;
  const store = await openStore(chosen, {
    mayCreate: true,
    mayMigrate: true,
    encryption: readEncryptionKeys(terminal.env),
  });
  await store.open({ clock: systemClock });
  await store.close();
  return { store: chosen.text };
}
