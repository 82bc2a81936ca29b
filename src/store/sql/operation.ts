import type { Database } from './database.ts';
import type { Script } from './script.ts';

/** One thing that the store can ask of the database. Parameters and result are plain data: they may cross into another thread. */
export interface Operation<P, R> {
  /** True: its statements are one transaction (`begin immediate`, or read committed on a server). A function decides by the parameters. */
  readonly isTransaction: boolean | ((params: P) => boolean);
  script(db: Database, params: P): Script<R>;
}
