import type { ConnectParams } from './backend.ts';
import { Database, type NotificationChannel } from './database.ts';
import type { Dialect } from './dialect.ts';
import type { Runner } from './runner.ts';
import { migrate } from './schema/migrate.ts';
import type { Script } from './script.ts';
import type { ScriptRunner } from './script-runner.ts';

/** Checks the connections, makes the tables, and a runner of operations on them. Closes the scripts when that fails. */
export async function connectScripts(params: {
  readonly dialect: Dialect;
  readonly scripts: ScriptRunner;
  /** Looks at the connections, before anything is made. */
  readonly check?: (() => Script<void>) | undefined;
  /** Makes the tables: that may take longer than a call. Default: `scripts`. */
  readonly migrations?: ScriptRunner | undefined;
  readonly connect: ConnectParams;
  readonly notifications?: NotificationChannel | undefined;
}): Promise<Runner> {
  const { dialect, scripts, check, migrations = scripts, connect, notifications } = params;
  const { place, autoMigrate, now } = connect;
  try {
    if (check !== undefined) await scripts.run(false, check);
    await migrate(migrations, { ...place, autoMigrate });
  } catch (error) {
    await scripts.close();
    throw error;
  }
  const db = new Database({ dialect, prefix: place.prefix, schema: place.schema, now, notifications });
  // With all operations: a process whose thread runs them needs none.
  const { OperationRunner } = await import('./operation-runner.ts');
  return new OperationRunner(db, scripts);
}
