/** The thread that owns a SQLite connection: the event loop of the application never waits for the disk. Loaded by its URL. */
import { parentPort, workerData } from 'node:worker_threads';
import { type AnyOperation, findOperation, whenLoaded } from '../operations.ts';
import { Database } from '../database.ts';
import { migrate } from '../schema/migrate.ts';
import type { Script } from '../script.ts';
import { openSqliteFile } from './open-sqlite.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { loadSqliteDriver } from './sqlite-driver.ts';
import { SqliteGroupRunner } from './sqlite-group-runner.ts';
import { packError, type WorkerAnswer, type WorkerCall, type WorkerStart } from './worker-messages.ts';

const port = parentPort!;
const answer = (message: WorkerAnswer): void => port.postMessage(message);

async function start(): Promise<void> {
  const { path, driver, synchronous, place, autoMigrate } = workerData as WorkerStart;
  const open = await loadSqliteDriver(driver);
  const connection = await openSqliteFile({ path, synchronous, open, mayCreate: autoMigrate });
  const scripts = new SqliteGroupRunner(connection);
  await migrate(scripts, { ...place, autoMigrate });
  let now: number | undefined;
  const db = new Database({ dialect: sqliteDialect, prefix: place.prefix, now: () => now });

  /** Scripts run one after the other, each at a stretch: the time of one is never that of another. */
  function* atTimeOf(call: WorkerCall, operation: AnyOperation): Script<unknown> {
    now = call.now;
    return yield* operation.script(db, call.params);
  }

  const run = async (call: WorkerCall): Promise<void> => {
    let operation = findOperation(call.name);
    // Awaited only where it must be: calls begin in the order in which they came.
    if (operation instanceof Promise)
      try {
        operation = await operation;
      } catch (error) {
        // It could not be loaded. The thread, and what else it does, goes on.
        return answer({ id: call.id, error: packError(error) });
      }
    const loaded = operation;
    const { isTransaction } = loaded;
    const isWriting = typeof isTransaction === 'function' ? isTransaction(call.params) : isTransaction;
    try {
      answer({ id: call.id, result: await scripts.run(isWriting, () => atTimeOf(call, loaded)) });
    } catch (error) {
      answer({ id: call.id, error: packError(error) });
    }
  };

  port.on('message', (call: WorkerCall | 'close') => {
    if (call !== 'close') void run(call);
    else
      void whenLoaded()
        .then(() => scripts.close())
        .finally(() => port.close());
  });
}

start().then(
  () => answer({ id: 0, result: undefined }),
  (error: unknown) => {
    answer({ id: 0, error: packError(error) });
    port.close();
  },
);
